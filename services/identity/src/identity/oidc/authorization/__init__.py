"""The authorization endpoint: the request of a client, what its resident has to do first, and the response.

Has no pages for signing in: it stores the request, hands over to the journeys by URL and decides again when
the browser comes back. What a code yields belongs to `grant_types`.
"""
