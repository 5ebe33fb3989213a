"""Authorization requests that clients push beforehand (RFC 9126): the endpoint, and their minute of life.

What an authorization request may say belongs to `authorization`; who may push, to client authentication.
"""
