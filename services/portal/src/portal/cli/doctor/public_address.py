"""The address that residents use, asked from this machine: what stands in front, and what it lets through."""

from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

from portal.cli.doctor.connections import OF_CERTIFICATES, Fault, Unreached, reach
from portal.cli.doctor.findings import Finding, Verdict
from portal.config import Settings
from portal.outbound_http import HttpResponse, Limits, OutboundHttp, OutboundHttpError
from portal.setting_types import is_this_machine

_CHECK = "public address"
_PROXIES = "docs/operations.md, Behind a reverse proxy"
_LIMITS = Limits(connect=3.0, read=4.0, total=4.0, size=512 * 1024)
_PORTS = {"https": 443, "http": 80}
_OK = 200
# Identity's answer to a sign-in comes back in an address that may be so long.
_LONG_QUERY = 6_000
_STRIPPED = b"is served below"


class PublicAddress:
    """The checks. Each asks once; the first that gets no answer is the last."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._address = settings, settings.base_url
        self._http = OutboundHttp(_LIMITS, settings.authorities)

    def examine(self) -> Iterator[Finding]:
        """Yield what is to be said of the address."""
        yield from self._setting()
        parts = urlsplit(self._address)
        tls = self._settings.authorities.tls if parts.scheme == "https" else None
        reached = reach(parts.hostname or "", parts.port or _PORTS[parts.scheme], tls)
        if isinstance(reached, Unreached):
            yield self._unreached(reached)
            return
        try:
            # At the root a health check is answered also where the proxy takes the path away.
            if urlsplit(self._address).path and _STRIPPED in self._http.get(f"{self._address}/sign-in").body:
                fix = "let the proxy hand on the whole path; docs/operations.md, Below a path"
                yield Finding(_CHECK, Verdict.BAD, "the proxy takes the path away", fix)
                return
            yield from self._answers()
        except OutboundHttpError as error:
            fix = f"look at the log of what stands in front, and of the portal; {_PROXIES}"
            yield Finding(_CHECK, Verdict.BAD, f"{error}", fix)

    def _setting(self) -> Iterator[Finding]:
        if self._settings.served_over_https and not self._settings.trusted_proxies:
            detail = "https, but PORTAL_TRUSTED_PROXIES is 0: what the proxy says of visitors does not count"
            fix = f"set PORTAL_TRUSTED_PROXIES to the number of proxies in front; {_PROXIES}"
            yield Finding("trusted proxies", Verdict.BAD, detail, fix)

    def _unreached(self, reached: Unreached) -> Finding:
        if reached.fault in (Fault.TLS, *OF_CERTIFICATES):
            return Finding(
                _CHECK, Verdict.BAD, reached.detail, reached.fix("PORTAL_BASE_URL", "PORTAL_CA_FILE")
            )
        if is_this_machine(urlsplit(self._address).hostname or ""):
            return Finding(_CHECK, Verdict.NOTE, f"does not answer: {reached.detail}", "start `portal serve`")
        fix = f"if other machines cannot open {self._address} either: DNS, firewall, and what stands in front"
        return Finding(_CHECK, Verdict.NOTE, f"not reached from this machine: {reached.detail}", fix)

    def _answers(self) -> Iterator[Finding]:
        response = self._http.get(f"{self._address}/health/ready")
        if response.status in (502, 504) or (response.status == 503 and not _status(response)):  # noqa: PLR2004 - Service Unavailable
            fix = f"start `portal serve`, and lead the proxy to PORTAL_BIND, {self._settings.bind}"
            yield Finding(_CHECK, Verdict.BAD, f"the proxy answers {response.status}", fix)
        elif not _status(response):
            fix = f"let {self._address} and all below it reach the portal, without a sign-in of its own"
            yield Finding(_CHECK, Verdict.BAD, f"something else answers there ({response.status})", fix)
        elif response.status != _OK:
            fix = "see `database`: the process that answers there has another view of it"
            yield Finding(_CHECK, Verdict.BAD, f"/health/ready answers {response.status}", fix)
        else:
            yield Finding(_CHECK, Verdict.GOOD, f"{self._address} answers")
            yield from self._long_request()

    def _long_request(self) -> Iterator[Finding]:
        query = urlencode({"state": "s" * _LONG_QUERY})
        response = self._http.get(f"{self._address}/health/live?{query}")
        if response.status != _OK:
            detail = f"{_LONG_QUERY} characters get {response.status}"
            fix = f"raise the proxy's limit of request lines to 64 kB; {_PROXIES}"
            yield Finding("long addresses", Verdict.BAD, detail, fix)


def _status(response: HttpResponse) -> str:
    """Return the word of a health check of ours; empty if it is none."""
    try:
        document = response.json()
    except OutboundHttpError:
        return ""
    return str(document.get("status", "")) if isinstance(document, dict) else ""
