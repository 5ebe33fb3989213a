"""The tokens that identity issues, and what they say."""
