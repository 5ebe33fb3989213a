"""The "Utility Billing" pages (guide, step 10): search an account, show one, forget one.

What the numbers mean, and who may try how often, is decided by billing_link.
"""
