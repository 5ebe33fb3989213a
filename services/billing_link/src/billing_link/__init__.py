"""billing_link: finds a utility account by the two numbers on a bill, and links it to the resident.

Owns the links between residents and utility accounts, the rules for making them, and the city's imported
billing records. Knows residents from verified access tokens only, never from identity's database.
"""
