"""The development inbox: an SMTP server that keeps mails in memory and a web page that shows them.

Owns receiving, keeping and showing. It delivers nothing and asks nobody for a password, so it is never used
in production; there IDENTITY_SMTP_URL names the city's mail server.
"""
