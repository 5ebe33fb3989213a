"""The page behind the link that unlocks.

It lifts waits; after a hundred failures only a new password helps, which belongs to `resetting`.
"""
