"""Who is calling: checks access tokens (RFC 9068) with identity's published keys.

Owns the rules for a token, the cache of identity's keys, what identity says of ended sessions, and the
`Caller` that the rest of the service sees.
Leaves which scope a call needs to `rpc`, and what the caller may see to `linking`.
"""
