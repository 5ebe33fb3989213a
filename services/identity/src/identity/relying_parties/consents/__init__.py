"""Consents: what residents allowed third-party clients (product decision 12).

Owns their record. `oidc.authorization` decides when to ask, the profile page removes them.
"""
