"""Residents on their way to a provider: one row for each, bound to its browser, good for one answer."""
