import * as oauth from 'oauth4webapi'
import { serve, settings } from './website.mjs'

const loopback = { [oauth.allowInsecureRequests]: true }
const server = await oauth.processDiscoveryResponse(
  settings.issuer,
  await oauth.discoveryRequest(settings.issuer, { algorithm: 'oidc', ...loopback }),
)
const client = { client_id: settings.clientId }
const authentication = oauth.ClientSecretBasic(settings.clientSecret)

async function signedIn(tokens) {
  const claims = oauth.getValidatedIdTokenClaims(tokens)
  const answer = await oauth.userInfoRequest(server, client, tokens.access_token, loopback)
  const profile = await oauth.processUserInfoResponse(server, client, claims.sub, answer)
  return {
    claims,
    profile,
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
    idToken: tokens.id_token,
  }
}

serve({
  async begin() {
    const verifier = oauth.generateRandomCodeVerifier()
    const state = oauth.generateRandomState()
    const nonce = oauth.generateRandomNonce()
    const url = new URL(server.authorization_endpoint)
    const parameters = {
      client_id: client.client_id,
      redirect_uri: settings.redirectUri,
      response_type: 'code',
      scope: settings.scope,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    }
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    return { url, verifier, state, nonce }
  },
  async finish(url, { verifier, state, nonce }) {
    const parameters = oauth.validateAuthResponse(server, client, url, state)
    const answer = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      authentication,
      parameters,
      settings.redirectUri,
      verifier,
      loopback,
    )
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, {
      expectedNonce: nonce,
      requireIdToken: true,
    })
    await oauth.validateApplicationLevelSignature(server, answer, loopback)
    return signedIn(tokens)
  },
  async refresh({ refreshToken }) {
    const answer = await oauth.refreshTokenGrantRequest(server, client, authentication, refreshToken, loopback)
    return signedIn(await oauth.processRefreshTokenResponse(server, client, answer))
  },
  signOut(idToken) {
    const url = new URL(server.end_session_endpoint)
    url.searchParams.set('id_token_hint', idToken)
    url.searchParams.set('post_logout_redirect_uri', settings.postLogoutRedirectUri)
    return url
  },
})
