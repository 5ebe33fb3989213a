"""Citizen Self Service, the billing portal: an OpenID client of identity and a gRPC client of billing_link.

Owns the resident's session in the portal and its pages. Stores no password and no billing record: the
resident comes from identity, the accounts from billing_link.
"""
