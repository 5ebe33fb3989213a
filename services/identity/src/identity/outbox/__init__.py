"""Messages to the outside: a row written in the transaction of its cause, delivered by the worker after it.

Delivery is at least once, with back-off; a message that cannot be delivered stays as `failed`, one that is no
longer true as `dropped`. Payloads hold secrets (links, codes): they are encrypted, and erased on delivery.
What a message says belongs to `mail`, `security_events` and `oidc.logout`.
"""
