"""The mails that identity sends: their words, and the way to the mail server."""
