"""Signing in through Google, Apple, Microsoft, Facebook or another OpenID provider.

Owns the journey from the button to the resident who comes back. Leaves each provider's ways to `providers`,
and what a resident is to `residents`.
"""
