"""Sign-outs that identity tells of, server to server (OpenID Connect Back-Channel Logout 1.0).

Leaves the checking of the logout token to `identity_client`, and the sessions to `web.sessions`.
"""
