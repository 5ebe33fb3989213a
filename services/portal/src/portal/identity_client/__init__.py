"""The portal's side of OpenID Connect: metadata, code, refresh, ID token, userinfo, sign-out address.

The only code that sees Authlib. It keeps nothing about a resident; tokens live in `web.sessions`.
"""
