"""Codes mailed to a resident whose right password is not enough to sign in (`residents.lockout.rules`).

Each is for one browser, one address and one password, ten minutes from its mail and five attempts.
"""
