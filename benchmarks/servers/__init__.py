"""The compared servers: one module sets up and starts each, and signs in a visitor for each connection.

Each module returns a `Server`. The requests are in `operations`, the same for all.
"""
