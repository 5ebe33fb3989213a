"""The page behind the link to a new password.

The link is spent together with the deed, never by looking. Nobody is signed in by it.
"""
