import * as client from 'openid-client'
import { serve, settings } from './website.mjs'

// Plain HTTP on this machine; and the signature is checked though the token came straight from the issuer.
const loopback = { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] }
const { CLIENT_KEY, INITIAL_ACCESS_TOKEN } = process.env
const config = await configuration()
// A client that signs also pushes its requests, and its tokens work with proofs of a key alone.
const isStrict = CLIENT_KEY !== undefined
const bound = isStrict ? { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair()) } : {}

async function configuration() {
  if (INITIAL_ACCESS_TOKEN) {
    const metadata = {
      client_name: 'A website that registers itself',
      redirect_uris: [settings.redirectUri],
      post_logout_redirect_uris: [settings.postLogoutRedirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'client_secret_post',
      scope: settings.scope,
    }
    const options = { initialAccessToken: INITIAL_ACCESS_TOKEN, ...loopback }
    return client.dynamicClientRegistration(settings.issuer, metadata, undefined, options)
  }
  if (CLIENT_KEY) {
    const metadata = { id_token_signed_response_alg: 'ES256' }
    return client.discovery(settings.issuer, settings.clientId, metadata, await signature(), loopback)
  }
  // As in its documentation: it then sends the secret in the form.
  return client.discovery(settings.issuer, settings.clientId, settings.clientSecret, undefined, loopback)
}

async function signature() {
  const { kid, ...jwk } = JSON.parse(CLIENT_KEY)
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  return client.PrivateKeyJwt({ key: await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign']), kid })
}

async function signedIn(tokens, idToken = tokens.id_token) {
  const claims = tokens.claims()
  const profile = await client.fetchUserInfo(config, tokens.access_token, claims.sub, bound)
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
    const parameters = {
      redirect_uri: settings.redirectUri,
      scope: settings.scope,
      code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: checks.expectedState,
      nonce: checks.expectedNonce,
    }
    const url = isStrict
      ? await client.buildAuthorizationUrlWithPAR(config, parameters, bound)
      : client.buildAuthorizationUrl(config, parameters)
    return { url, ...checks }
  },
  async finish(url, checks) {
    return signedIn(await client.authorizationCodeGrant(config, url, checks, undefined, bound))
  },
  async refresh({ refreshToken }) {
    return signedIn(await client.refreshTokenGrant(config, refreshToken, undefined, bound))
  },
  signOut(idToken) {
    return client.buildEndSessionUrl(config, {
      id_token_hint: idToken,
      post_logout_redirect_uri: settings.postLogoutRedirectUri,
    })
  },
})
