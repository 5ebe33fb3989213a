"""What happens to the service as a whole, counted by the hour: refusals, faults and signs of an attack.

Single events are in the audit. A flood has too many of them for a row each, and an attack that is spread over
many accounts and networks shows in no single row.
"""
