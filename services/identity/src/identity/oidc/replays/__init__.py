"""Identifiers that work once: the `jti` of client assertions, request objects and DPoP proofs.

Owns the memory of those seen. Which identifiers are to be looked at, and what a second use means, belongs to
each specification's own module.
"""
