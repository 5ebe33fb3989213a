"""gRPC, the only code that sees protobuf: a call parses its request, calls one verb, renders the outcome.

Owns authentication, deadlines, size limits, health, and the one table from refusals to statuses. In this
package a refusal is raised as `RefusedError` and ends the call in `interceptor`; below it, verbs return it.
Leaves every decision about accounts and links to `linking`, and the rules of a token to `tokens`.
"""
