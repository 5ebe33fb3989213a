"""The audit trail of links and records, append-only, for the city's auditors.

Owns the closed list of events and their rows, which hold identifiers and reason codes but no personal data.
Leaves reading them to operators.
"""
