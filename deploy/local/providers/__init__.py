"""Simulated Google, Apple, Microsoft, Facebook and a plain OpenID provider, for local development.

Each follows the provider's documentation: paths, parameters, claims, error formats. Sign-in needs no
password, so they listen on this machine only and redirect to it only. Only deploy/local and the tests start
them.
"""
