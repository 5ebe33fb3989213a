"""The mails that identity sends: their words, how they are queued, and how they are sent.

A verb calls one function of `messages` and queues its result with `MailQueue` in its own transaction; the
worker renders and sends it (`MailDelivery`, `Mailer`).
"""
