"""Sessions that identity ends, server to server (OpenID Connect Back-Channel Logout 1.0).

The logout token is verified by `identity_client`; sessions are stored by `web.sessions`.
"""
