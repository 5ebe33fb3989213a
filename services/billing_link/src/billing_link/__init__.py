"""billing_link: finds a resident's utility account by the two numbers on a bill, and remembers it for them.

Owns the links between residents and utility accounts, the rules by which they are made, and the city's
billing records as they were imported. Knows residents only from verified access tokens, never from identity's
database.
"""
