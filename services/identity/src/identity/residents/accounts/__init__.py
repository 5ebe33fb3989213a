"""Residents: the stable identifier, the address, the name, and the one sign-in method.

Credentials belong to `passwords` and `federated_identities`.
"""
