"""The website of an example city: a complete OpenID client in one file, with a "Pay Utility Bill" button.

It is not part of a service. It has the addresses of identity and the portal, and imports neither.
"""
