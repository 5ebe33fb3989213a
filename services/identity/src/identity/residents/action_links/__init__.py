"""Links in mails: each for one purpose, one subject, one lifetime and one use; only the newest works.

The URL carries 256 random bits, the database their SHA-256. Reading a link changes nothing, since mail
scanners open links; `claim_link` spends it in one statement before anything else is written.
"""
