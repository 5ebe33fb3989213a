"""Limits guesses at one resident's password (NIST SP 800-63B-4 §3.2.2).

Failures are counted for an address by origin (a network, or a device that the resident has used before) and
by class of origin, so that a stranger keeps the owner out nowhere: see `rules`. Addresses without an account
are counted alike. No page shows a lockout (product decision 4): the owner is told by mail.
"""
