"""Links in mails: bound to one purpose, one subject, one lifetime and one use, the newest only.

The URL carries 256 random bits, the database their hash. Reading a link changes nothing (mail scanners open
links); `claim` spends it in one statement before anything else happens.
"""
