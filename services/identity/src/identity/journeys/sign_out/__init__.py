"""Signing out of identity in this browser, by the resident.

Signing out at a client's request (OpenID Connect RP-Initiated Logout) belongs to `oidc.logout`.
"""
