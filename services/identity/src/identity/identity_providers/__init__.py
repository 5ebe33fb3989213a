"""The providers through which residents sign in: one file each, with the interface in `provider.py`.

Owns what is particular to a provider: endpoints, claims, error responses, brand, credentials. Leaves state,
pages and residents to the federation journey, which uses the interface alone.
"""
