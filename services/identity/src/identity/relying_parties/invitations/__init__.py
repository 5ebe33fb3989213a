"""Invitations to register clients by oneself (RFC 7591 §3: initial access tokens), and who came by which.

Owns what an invitation allows and that each use of it is counted once. What a client sends and is answered
belongs to `oidc.client_registration`.
"""
