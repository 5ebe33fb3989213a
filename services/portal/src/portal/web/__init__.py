"""What every page shares: the shell with the city's looks, headers, languages, the session and its tokens.

Knows who is signed in and how to reach billing_link for them; what a page shows is the features' own.
"""
