"""Counting failed passwords, so that guessing slows down while the owner gets in.

Failures are counted per address and origin (a network, or a device the resident has used before), so that a
stranger cannot lock the owner out; and in all, for the hard stop (NIST SP 800-63B-4 §3.2.2). Addresses
without an account are counted alike, and none of it shows on a page.
"""
