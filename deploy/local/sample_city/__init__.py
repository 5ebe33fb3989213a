"""The sample city, the one of the resident guide: its looks, its number formats and invented billing records.

Owns data and how it is made, nothing that runs in production. Every person, street and number is invented.
"""
