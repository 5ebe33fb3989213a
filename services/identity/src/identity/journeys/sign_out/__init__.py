"""Signing out of identity in this browser, at the resident's own wish.

Signing out because a city website asks for it (RP-initiated logout) belongs to `oidc`.
"""
