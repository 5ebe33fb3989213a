"""Cities and their websites: who may ask identity to sign residents in, and how each city looks and speaks.

Registration data is validated when it is written, so that the protocol can rely on it. What a resident
allowed a client belongs to `oidc`.
"""
