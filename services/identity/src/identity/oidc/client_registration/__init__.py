"""Clients that register themselves and look after their registration (RFC 7591, RFC 7592).

Owns the metadata that they send and get. What a registration may contain is decided in
`relying_parties.schemas`, for these clients as for those that an operator writes; what an invitation allows,
in `relying_parties.invitations`.
"""
