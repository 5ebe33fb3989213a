"""What happened to residents' accounts, told to services that must know (RFC 8417, CAEP and RISC).

Owns the receivers, the wording of events, and their two ways out: push (RFC 8935) through the outbox, and
poll (RFC 8936) with replay by cursor. Verbs announce what happened and know nothing of this package.
"""
