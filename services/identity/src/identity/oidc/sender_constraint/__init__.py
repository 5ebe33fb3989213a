"""Tokens that only their client can use: bound to a DPoP key (RFC 9449) or a certificate (RFC 8705)."""
