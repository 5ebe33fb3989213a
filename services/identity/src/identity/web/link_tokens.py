"""The tokens of mailed links, which stand in no URL that reaches a server.

A token in a query is in the log of every proxy on the way, and works until it is used. So a link carries its
token in the fragment, which browsers keep to themselves, and a name of it in the query. The page sends the
token in a form (`open_link`); it is then kept in the encrypted page-state cookie, under its name.
"""

from flask import request
from flask import session as page_state

from identity.secret_keys import digest

# The query parameter with the token's name, and the one with the token itself in links of older releases.
NAME, TOKEN = "link", "token"
_KEY = "links"
# Links open at once in one browser.
_MOST = 4


def name_of(token: str) -> str:
    """Return the name of a token: 12 characters that tell nothing of it."""
    return digest(token)[:12]


def remember(token: str) -> str:
    """Keep a token in this browser; return its name."""
    name = name_of(token)
    kept = {each: found for each, found in page_state.get(_KEY, {}).items() if each != name}
    page_state[_KEY] = dict([*kept.items(), (name, token)][-_MOST:])
    return name


def current() -> str:
    """Return the token that this request's URL names, or an empty text if this browser did not bring it."""
    return str(page_state.get(_KEY, {}).get(request.args.get(NAME, ""), ""))
