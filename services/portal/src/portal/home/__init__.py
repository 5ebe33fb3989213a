"""The public front page and "Welcome to Citizen Self Service" (guide, steps 3 and 9).

The welcome page has announcements, the resident's profile and their utility accounts.

Finding, showing and forgetting one account is left to `utility_billing`.
"""
