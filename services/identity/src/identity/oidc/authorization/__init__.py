"""The authorization endpoint: what a client asks for, what its resident has to do first, and the answer.

Asks nobody to sign in by itself: it stores the request, hands over to the journeys by URL and decides again
when the browser comes back. What a code is worth is left to `grants`.
"""
