"""The providers through whom residents sign in: one file each, two calls and one value (`provider.py`).

Owns everything that is peculiar to a provider: endpoints, claims, error shapes, brand, credentials. Leaves
state, pages and residents to the federation journey, which sees nothing but `Provider`, `ProviderIdentity`
and `ProviderRefusal`.
"""
