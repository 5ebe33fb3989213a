"""The city's billing records: utility accounts, their ledgers, and the registrations of an earlier system.

Owns the port through which they are read, the tables of the imported copy, the computation of a balance, and
the CSV import. Knows no residents and no links; the caller of an import passes the city's number formats.
"""
