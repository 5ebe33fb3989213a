"""Which redirect URIs are a client's own: those it registered, exactly (RFC 9700 §2.1)."""

from urllib.parse import urlsplit

from identity.relying_parties.clients import RegisteredClient

_LOOPBACK = ("127.0.0.1", "::1")


def is_registered(redirect_uri: str, client: RegisteredClient) -> bool:
    """Tell whether the client registered this redirect URI, compared character by character.

    A public client that registered a loopback address literal may use any port there (RFC 8252 §7.3): a
    native application learns its port when it starts.
    """
    if redirect_uri in client.redirect_uris:
        return True
    if not client.is_public:
        return False
    portless = _portless_loopback(redirect_uri)
    return portless is not None and portless in {_portless_loopback(uri) for uri in client.redirect_uris}


def _portless_loopback(uri: str) -> tuple[str, str, str] | None:
    try:
        parts = urlsplit(uri)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme != "http" or host not in _LOOPBACK or "#" in uri or "@" in parts.netloc:
        return None
    return host, parts.path, parts.query


def is_loopback(redirect_uri: str) -> bool:
    """Tell whether the response goes to a program on the resident's own machine (RFC 8252 §7.3)."""
    return urlsplit(redirect_uri).hostname in (*_LOOPBACK, "localhost")
