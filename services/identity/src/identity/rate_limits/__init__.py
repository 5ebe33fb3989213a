"""How often one network or address may ask: counted in the database, which all processes share.

Fixed windows, one atomic statement a count. It slows floods down; guessing one resident's password is what
`residents.lockout` answers.
"""
