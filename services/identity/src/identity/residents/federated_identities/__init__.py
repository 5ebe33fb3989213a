"""Residents who prove who they are through a provider: (issuer, subject), and nothing else, is the key.

What a provider says beside that is kept only to notice when it changes. How a provider is asked is left to
the federation journey.
"""
