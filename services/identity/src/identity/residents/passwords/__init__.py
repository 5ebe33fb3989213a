"""Passwords: the policy, the hash, and the check.

NIST SP 800-63B-4 §3.1.1: length over composition, a blocklist, context words, Unicode in NFKC. Counting
failures is left to `lockout`, and deciding what a right password opens to the journeys.
"""
