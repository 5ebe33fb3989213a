"""All that leaves after the commit: a row written in the transaction of its cause, delivered by the worker.

At least once, with back-off, and visible when it cannot be delivered. Payloads are sealed at rest, since
mails carry links, and erased once delivered.
"""
