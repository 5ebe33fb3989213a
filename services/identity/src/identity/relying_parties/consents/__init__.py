"""What residents allowed websites that are not their city's own (product decision 12).

Owns the record of it. When to ask belongs to `oidc.authorization`, taking it back to the profile page.
"""
