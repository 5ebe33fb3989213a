"""The device authorization grant (RFC 8628): sign-in on a device without a browser or keyboard.

Owns the device authorization, its two codes and the page where a resident allows the device. `grant_types`
redeems the device code, `grants` holds what it grants.
"""
