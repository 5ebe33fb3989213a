"""What a resident granted a client: stored and revoked, and its refresh tokens.

How a grant is redeemed at the token endpoint belongs to `grant_types`.
"""
