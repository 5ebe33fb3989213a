"""How a resident comes in and goes out: the OpenID Connect code flow with identity, and sign-out from both.

Leaves the checking of what identity says to `identity_client`, and the session itself to `web.sessions`.
"""
