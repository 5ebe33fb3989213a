"""Signing in through Google, Apple, Microsoft, Facebook or another OpenID provider.

Owns the journey from the provider's button to the signed-in resident, and the events that providers post
about their accounts. Each provider's protocol belongs to `identity_providers`, what a resident is to
`residents`, the proof of an address to `email_verification`.
"""
