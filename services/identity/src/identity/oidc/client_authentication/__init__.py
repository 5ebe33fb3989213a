"""How a client proves who it is: a secret, a signed assertion, a certificate, or nothing.

One way a file. Where its keys are published is fetched here too, with care. What its tokens are bound to
belongs to `sender_constraint`; how a resource proves itself to `resource_authentication`.
"""
