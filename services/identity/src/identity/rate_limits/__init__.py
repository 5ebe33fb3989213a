"""How many requests one network may make in a window of time, and how many mails one address may get.

Counted in the database, which all processes share, in one atomic statement a count. `limiter` limits floods
and says so (429); `mail_budget` limits mails and says nothing, since that would tell what others asked for an
address. Guesses at one resident's password are counted by `residents.lockout`.
"""
