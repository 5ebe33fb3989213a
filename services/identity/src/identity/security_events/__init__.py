"""Security events about residents' accounts, sent to registered receivers (RFC 8417, CAEP and RISC).

Owns the receivers, the event types, and both ways of delivery: push (RFC 8935) through the outbox, and poll
(RFC 8936) with replay by cursor. Verbs publish account events (`account_events`), and do not import this
package.
"""
