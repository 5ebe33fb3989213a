"""From the provider back: whose answer it is, whether it is one to our question, and who came back.

An answer may come as a POST from the provider's site, which browsers send without our cookies; it waits in
its attempt's row until the same browser, by a GET with its cookie, comes for it.
"""
