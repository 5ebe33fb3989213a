"""The portal's side of OpenID Connect, and the only code that sees Authlib.

Keeps nothing about a resident; tokens are stored by `web.sessions`.
"""
