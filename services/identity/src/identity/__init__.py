"""The OpenID Connect provider behind the Community Access ID.

Owns residents, their credentials and sessions, the mail that proves an address, and what city websites see
through OpenID Connect. It knows nothing of utility accounts: those belong to billing_link.
"""
