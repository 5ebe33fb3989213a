"""Invitations for clients to register themselves: initial access tokens (RFC 7591 §3) and their use.

Owns what an invitation allows, that each registration counts once, and which client used which invitation.
The requests and responses belong to `oidc.client_registration`.
"""
