"""Sign-in by OpenID Connect (code flow with PKCE) at identity, and sign-out at both (guide, steps 4 to 8).

What identity sends is verified by `identity_client`; sessions are stored by `web.sessions`.
"""
