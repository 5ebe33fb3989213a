"""Access tokens (RFC 9068): checks them with identity's published keys and refuses ended sessions.

Owns the rules of a token, the cache of identity's keys, the polling of identity's security events, and the
`Caller` that the rest of the service sees.
Leaves the scope that a call needs to `rpc`, and what a caller may read to `linking`.
"""
