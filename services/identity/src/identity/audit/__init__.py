"""The audit record: append-only, of a closed list of events.

A record holds identifiers, reason codes and IP addresses; no names, e-mail addresses or secrets.
"""
