"""Residents and their means of proof: one package each, none of which imports another."""
