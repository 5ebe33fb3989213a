"""What a city website does: the OpenID provider, one specification a file.

Owns authorization requests and their interactions, grants, codes and tokens. Who the resident is and how they
prove it belongs to the journeys, to which it hands over by URL; who may ask belongs to `relying_parties`; the
keys to `signing_keys`. Authlib's rules are used where it has them, never its storage or its defaults.
"""
