"""The OpenAPI description of every endpoint that programs call, which the service publishes at /openapi.json.

Owns the description alone: what the endpoints do is theirs, and tests hold the description to it
(tests/protocol/test_openapi.py). Pages for residents are not described.
"""
