"""What providers post to us by themselves: security events, and people who ask to be forgotten.

No resident's browser is involved: each message carries its sender's signature, which the provider's own file
verifies.
"""
