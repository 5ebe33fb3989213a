"""Clients that register themselves and look after their registration (RFC 7591, RFC 7592).

Owns what they send and are answered. What a registration may say is decided in
`relying_parties.registration`, for these as for operators; what an invitation allows, in
`relying_parties.invitations`.
"""
