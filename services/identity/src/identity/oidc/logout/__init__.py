"""Sign-out at a client's request (RP-Initiated Logout) and logout tokens for clients (Back-Channel Logout).

The resident's own "Sign out" belongs to `journeys.sign_out`. Both end sessions through
`residents.sessions.lifecycle`, which publishes what `backchannel` subscribes to; the outbox delivers.
"""
