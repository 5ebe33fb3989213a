"""The public front page and the home page, "Welcome to Citizen Self Service" (guide, steps 3 and 9).

Searching, showing and forgetting one account is left to `utility_billing`.
"""
