"""Sector identifiers (OpenID Connect Core §8.1, Registration §5): a published list of redirect URIs.

A client with pairwise subjects may name the sector that it belongs to by the address of such a list. The list
proves that the sector's host knows the client.
"""

from identity.outbound_http import Limits, OutboundHttp, OutboundHttpError
from identity.relying_parties.schemas import ClientRegistration, RegistrationRefusedError

LIMITS = Limits(connect=3.0, read=5.0, total=5.0, size=64 * 1024)
_ACCEPT = {"Accept": "application/json"}


class SectorIdentifiers:
    """Checks that a client belongs to the sector that it names. `http` has `LIMITS`."""

    def __init__(self, http: OutboundHttp) -> None:
        self._http = http

    def check(self, client: ClientRegistration, *, public_only: bool) -> None:
        """Raise `RegistrationRefusedError` unless the sector's list has every redirect URI of the client.

        `public_only`: the address was chosen by another party (see `OutboundHttp.get`).
        """
        uri = client.sector_identifier_uri
        if uri and (problem := self._problem_with(uri, client.redirect_uris, public_only=public_only)):
            raise RegistrationRefusedError([f"sector_identifier_uri: {problem}"])

    def _problem_with(self, uri: str, redirect_uris: frozenset[str], *, public_only: bool) -> str | None:
        try:
            listed = self._http.get(uri, _ACCEPT, public_only=public_only).json_if_ok()
        except OutboundHttpError as error:
            return f"cannot be fetched: {error}"
        if not isinstance(listed, list):
            return "is not a JSON array of redirect URIs"
        missing = sorted(redirect_uris.difference(uri for uri in listed if isinstance(uri, str)))
        return f"does not list {', '.join(missing)}" if missing else None
