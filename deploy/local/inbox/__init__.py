"""The development inbox: an SMTP server that keeps mails in memory, and web pages that show them.

It delivers no mail and has no password, so it is never used in production: there IDENTITY_SMTP_URL names the
city's mail server.
"""
