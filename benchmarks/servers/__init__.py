"""The servers that are compared: how each is set up, started, and brought to a session for each connection.

One module for each; all give a `Server`. What they are asked is in `operations`, the same for all.
"""
