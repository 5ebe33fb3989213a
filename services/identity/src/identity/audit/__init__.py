"""The audit record: a closed list of events, append-only, for a city that has to show what happened.

Identifiers, reason codes and IP addresses; no names, e-mail addresses or secrets. What is done about an event
is decided elsewhere.
"""
