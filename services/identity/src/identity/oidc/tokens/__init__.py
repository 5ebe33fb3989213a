"""The tokens that identity issues, one kind a file, what they contain, and the token response.

Signing keys belong to `signing_keys`; refresh tokens, which are not signed, to `grants`.
"""
