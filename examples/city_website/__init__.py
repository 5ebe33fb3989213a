"""The website of an example city: the shortest honest OpenID client, with the "Pay Utility Bill" button.

It is not part of any service, and knows identity and the portal by their addresses alone.
"""
