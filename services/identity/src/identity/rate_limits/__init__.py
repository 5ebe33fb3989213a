"""How many requests one network, or one e-mail address, may make in a window of time.

Counted in the database, which all processes share: fixed windows, one atomic statement a count. This limits
floods; guesses at one resident's password are counted by `residents.lockout`.
"""
