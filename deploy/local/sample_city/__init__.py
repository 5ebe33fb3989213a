"""The sample city of the resident guide: its appearance, number formats and invented billing records.

For development and tests only. Every person, street and number is invented.
"""
