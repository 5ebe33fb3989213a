"""Client authentication: a secret, a signed assertion, a certificate, or none; one method a file.

Fetches the keys that clients publish. What a client's tokens are bound to belongs to `sender_constraint`.
"""
