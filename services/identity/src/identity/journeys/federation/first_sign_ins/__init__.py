"""First sign-ins that wait for something: a name, an address, or the answer to our mail.

Like a pending registration, such a row is no account: it owns nothing, blocks nobody, and expires.
"""
