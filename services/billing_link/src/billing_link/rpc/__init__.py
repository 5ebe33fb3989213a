"""The only code that sees protobuf and gRPC: it parses a request, calls one verb, and renders the answer.

Owns authentication of the caller, deadlines, size limits, health, and the one mapping from refusals to
statuses. Leaves every decision about accounts and links to `linking`, and the check of a token itself to
`tokens`.
"""
