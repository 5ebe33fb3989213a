"""Browsers signed in to identity: stored here, each with its own limits, listed and ended by the resident.

The cookie holds 256 random bits and the database their hash; what leaks from one opens nothing in the other.
"""
