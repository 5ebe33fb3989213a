"""What residents are told by mail about their links.

Owns the rows that are written together with their cause, and the courier that hands them to identity at least
once. Leaves words, languages and mailing to identity, and the decision whom to tell to `linking`.
"""
