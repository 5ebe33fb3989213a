"""The gRPC contract of billing_link: `.proto` sources and the code generated from them."""
