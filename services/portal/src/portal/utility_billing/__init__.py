"""The "Utility Billing" page: find an account by its two numbers, show it, forget it (guide, step 10).

The numbers go to billing_link as typed; what they mean is decided there.
"""
