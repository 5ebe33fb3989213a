"""The OpenAPI description of every endpoint that programs call, which the service publishes at /openapi.json.

Owns the description alone; tests/protocol/test_openapi.py compares it with what the endpoints do. Of the
pages for residents, those that a city's website sends browsers to are described.
"""
