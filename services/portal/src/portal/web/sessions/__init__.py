"""Browsers signed in to the portal, stored on the server: who, until when, and their tokens, sealed.

The cookie holds 256 random bits and the database their hash. Tokens never leave the server.
"""
