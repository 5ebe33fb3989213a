"""Signing out at a client's wish (OpenID Connect RP-Initiated Logout 1.0).

The resident's own "Sign out" belongs to the journeys; telling other clients of it will belong to the outbox.
"""
