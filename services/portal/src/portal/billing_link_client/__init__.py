"""The portal's side of billing_link: the only code that sees gRPC and the contract's messages."""
