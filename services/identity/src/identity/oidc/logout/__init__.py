"""Signing out at a client's request (RP-Initiated Logout) and telling clients of it (Back-Channel Logout).

The resident's own "Sign out" belongs to `journeys.sign_out`. Both end sessions through
`residents.sessions.lifecycle`, which publishes what `backchannel` subscribes to; the outbox delivers.
"""
