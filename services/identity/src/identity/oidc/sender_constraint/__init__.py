"""Tokens that work only for whoever got them: bound to a DPoP key (RFC 9449) or a certificate (RFC 8705)."""
