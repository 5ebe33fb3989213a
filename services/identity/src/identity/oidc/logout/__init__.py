"""Signing out at a client's wish (RP-Initiated Logout), and telling clients of it (Back-Channel Logout).

The resident's own "Sign out" belongs to the journeys, which announce it; carrying belongs to the outbox.
"""
