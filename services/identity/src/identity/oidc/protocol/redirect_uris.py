"""Which redirect URIs are a client's own: those it registered, exactly (RFC 9700 §2.1)."""

import re
from collections.abc import Collection

from identity.relying_parties import redirect_uris
from identity.relying_parties.clients import RegisteredClient

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_HIGHEST_PORT = 65535
_LITERAL = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::([1-9][0-9]{0,4}))?(|[/?].*)", re.DOTALL)


def is_registered(redirect_uri: str, client: RegisteredClient) -> bool:
    """Tell whether the client registered this redirect URI."""
    return _is_one_of(client.redirect_uris, redirect_uri, client)


def is_registered_for_logout(uri: str, client: RegisteredClient) -> bool:
    """Tell whether the client registered this `post_logout_redirect_uri`."""
    return _is_one_of(client.post_logout_redirect_uris, uri, client)


def is_native(redirect_uri: str) -> bool:
    """Tell whether a registered address is of a program on the resident's own machine (RFC 8252 §7)."""
    return redirect_uris.is_private_use(redirect_uri) or redirect_uris.site_of(redirect_uri) in _LOOPBACK


def _is_one_of(registered: Collection[str], uri: str, client: RegisteredClient) -> bool:
    """Tell whether an address is registered, compared character by character as it was sent.

    A public client that registered a loopback address literal may use any port there (RFC 8252 §7.3): a
    native application learns its port when it starts.
    """
    if uri in registered:
        return True
    portless = _without_port(uri) if client.is_public else None
    return portless is not None and portless in {_without_port(each) for each in registered}


def _without_port(uri: str) -> str | None:
    """Return an address at a loopback literal without its port; None for any other text."""
    found = _LITERAL.fullmatch(uri)
    if found is None or int(found[2] or 1) > _HIGHEST_PORT:
        return None
    return found[1] + found[3]
