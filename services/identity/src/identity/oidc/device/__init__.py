"""Signing in on a device that has no keyboard, by a code that is typed elsewhere (RFC 8628).

Owns the request of the device, its two codes and the page where a resident allows it. What the device then
redeems is a grant like any other, and belongs to `grants`.
"""
