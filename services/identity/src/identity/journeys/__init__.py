"""What a resident does in a browser, one package for each journey of the resident guide.

Journeys hand over by URL (a signed continuation), never by import.
"""
