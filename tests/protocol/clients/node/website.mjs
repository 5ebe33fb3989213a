// A city's website in a hundred lines of Node: the two clients give it their way to sign in, refresh and sign out.
import { createServer } from 'node:http'

const { ISSUER, BASE_URL, CLIENT_ID, CLIENT_SECRET } = process.env

export const settings = {
  issuer: new URL(ISSUER),
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  redirectUri: `${BASE_URL}/callback`,
  postLogoutRedirectUri: `${BASE_URL}/`,
  scope: 'openid profile email',
}

/** Serves one visitor: what is remembered between the requests is kept in the process. */
export function serve({ begin, finish, refresh, signOut }) {
  let pending
  let signedIn
  const routes = {
    '/sign-in': async () => {
      const { url, ...checks } = await begin()
      pending = checks
      return url
    },
    '/callback': async (url) => {
      signedIn = await finish(url, pending)
      return new URL('/', BASE_URL)
    },
    '/refresh': async () => {
      signedIn = await refresh(signedIn)
      return new URL('/', BASE_URL)
    },
    '/sign-out': async () => {
      const hint = signedIn.idToken
      signedIn = undefined
      return signOut(hint)
    },
  }
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, BASE_URL)
    try {
      if (url.pathname in routes) {
        response.writeHead(303, { Location: (await routes[url.pathname](url)).href }).end()
        return
      }
      const { claims, profile, accessToken } = signedIn ?? {}
      const body = JSON.stringify(signedIn ? { claims, profile, access_token: accessToken } : {})
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(body)
    } catch (error) {
      response.writeHead(500, { 'Content-Type': 'text/plain' }).end(String(error.stack ?? error))
    }
  })
  server.listen(Number(new URL(BASE_URL).port), '127.0.0.1')
}
