"""The city's billing records: utility accounts, their ledgers, and the registrations of an earlier system.

Owns the port through which they are read, the tables that hold an imported copy, the arithmetic of a balance,
and the CSV import. Knows nothing of residents or links, and gets the city's number formats from whoever
imports.
"""
