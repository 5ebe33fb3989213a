import * as client from 'openid-client'
import { serve, settings } from './website.mjs'

// Plain HTTP on this machine; and the signature is checked though the token came straight from the issuer.
const loopback = { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] }
const config = await client.discovery(
  settings.issuer,
  settings.clientId,
  undefined,
  client.ClientSecretBasic(settings.clientSecret),
  loopback,
)

async function signedIn(tokens, idToken = tokens.id_token) {
  const claims = tokens.claims()
  const profile = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
  return { claims, profile, accessToken: tokens.access_token, refreshToken: tokens.refresh_token, idToken }
}

serve({
  async begin() {
    const checks = {
      pkceCodeVerifier: client.randomPKCECodeVerifier(),
      expectedState: client.randomState(),
      expectedNonce: client.randomNonce(),
      idTokenExpected: true,
    }
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: settings.redirectUri,
      scope: settings.scope,
      code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: checks.expectedState,
      nonce: checks.expectedNonce,
    })
    return { url, ...checks }
  },
  async finish(url, checks) {
    return signedIn(await client.authorizationCodeGrant(config, url, checks))
  },
  async refresh({ refreshToken }) {
    return signedIn(await client.refreshTokenGrant(config, refreshToken))
  },
  signOut(idToken) {
    return client.buildEndSessionUrl(config, {
      id_token_hint: idToken,
      post_logout_redirect_uri: settings.postLogoutRedirectUri,
    })
  },
})
