"""Residents' accounts at identity providers; the key is (issuer, subject) alone (OpenID Connect Core §2).

The address that a provider names is kept only to notice when it changes. The protocol with the provider
belongs to `identity_providers`, the pages to the federation journey.
"""
