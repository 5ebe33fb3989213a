"""What happened, for a city that has to show it: a closed list of events, append-only.

Without personal data: identifiers and reason codes only. What is done about an event is decided elsewhere.
"""
