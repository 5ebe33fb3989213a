"""Signing in with e-mail address and password (step 8 of the resident guide).

Checks both, begins the session and leads on to where the resident was going. The page says the same for every
failure; the owner of the address learns more by mail. What a client learns belongs to `oidc`.
"""
