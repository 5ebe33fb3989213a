"""From a pending registration to a resident, by the mailed link or code.

In another browser than the one that asked, the password is chosen anew (docs/decisions/0005).
"""
