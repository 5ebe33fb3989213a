"""Citizen Self Service, the billing portal: an OpenID client of identity and a gRPC client of billing_link.

Owns the resident's session in the portal and the pages of the resident guide. It holds no password and no
billing record: who the resident is comes from identity, what they owe from billing_link.
"""
