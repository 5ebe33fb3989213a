"""Residents themselves: the stable identifier, the address, the name, and the one sign-in method.

How the method is proved is left to its own package (passwords, federation); nothing here sees a credential.
"""
