"""Simulated Google, Apple, Microsoft, Facebook and a plain OpenID provider, for local development.

True to what each one documents: paths, parameters, claims, error shapes. Anybody can be anybody here, so they
bind to this machine only and send nobody anywhere else. Nothing outside deploy/local and the tests starts
them.
"""
