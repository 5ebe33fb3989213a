"""Links in mails: each for one purpose, one subject and one lifetime; the use of one ends the others.

Of several links for one purpose and subject each works, so that a request for another mail takes nothing from
the mail before.

The URL carries 256 random bits, the database their SHA-256. Reading a link changes nothing, since mail
scanners open links; `claim_link` spends it in one statement before anything else is written.
"""
