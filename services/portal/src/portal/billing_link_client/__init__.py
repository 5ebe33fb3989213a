"""The portal's side of billing_link, and the only code that sees gRPC and the contract's messages.

Each call returns what was asked for or a `Refusal`.
"""
