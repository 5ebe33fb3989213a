"""Passwords: the policy, the hash, and the check.

NIST SP 800-63B-4 §3.1.1: length over composition, a blocklist, context words, one form for what devices
write differently. Counting failures belongs to `lockout`, and what follows a right password to the journeys.
"""
