"""Sessions: browsers in which a resident is signed in, stored on the server with limits of their own.

`lifecycle` begins, continues and ends them; `rotation` replaces their secrets; `store` has the statements.
The cookie holds 256 random bits and
the database their SHA-256, so that a copy of the one is of no use with the other.
"""
