"""Logos of clients (OpenID Connect Registration §2): fetched when a client is written, and served from here.

Pages load images of this service alone, so that a client's server learns of no resident who is asked.
"""
