"""Proof of an e-mail address: a mail with a link and a code, and the pages that take them.

Owns the one sequence of both journeys that verify an address, registration and federation: sending, sending
again, the page that waits for the code, the page behind the link. Each journey owns its pending rows and says
what a verified address leads to.
"""
