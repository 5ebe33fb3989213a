"""The address that residents use, asked from this machine: what stands in front, and what it lets through."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from identity.cli.doctor.connections import OF_CERTIFICATES, Fault, Unreached, reach
from identity.cli.doctor.findings import Finding, Verdict
from identity.config import Settings
from identity.egress import Egress
from identity.network_addresses import is_on_loopback
from identity.outbound_http import (
    HttpResponse,
    Limits,
    OutboundHttp,
    OutboundHttpError,
)

_CHECK = "public address"
_PROXIES = "docs/operations.md, Behind a reverse proxy"
_LIMITS = Limits(connect=3.0, read=4.0, total=4.0, size=64 * 1024, cuts_body=True)
_PORTS = {"https": 443, "http": 80}
# A `state` may be so long. So large a body is more than we take; proxies pass on ten times as much.
_LONG_STATE, _LONG_BODY = 6_000, 100_000
# RFC 5737: no visitor has it.
_FORGED = "203.0.113.9"
_STRIPPED = b"is served below"


@dataclass(frozen=True)
class SomeClient:
    """A client that can be asked for: its id, and where answers go."""

    id: str
    redirect_uri: str


class PublicAddress:
    """The checks. Each asks once; the first that gets no answer is the last."""

    def __init__(self, settings: Settings) -> None:
        self._issuer, self._proxies = settings.issuer, settings.trusted_proxies
        self._settings = settings
        self._http = OutboundHttp(_LIMITS, Egress(settings.authorities))

    def examine(self, client: SomeClient | None) -> Iterator[Finding]:
        """Yield what is to be said of the address; `client` is what the long answer needs."""
        yield from self._setting()
        parts = urlsplit(self._issuer)
        tls = self._settings.authorities.tls if parts.scheme == "https" else None
        reached = reach(parts.hostname or "", parts.port or _PORTS[parts.scheme], tls)
        if isinstance(reached, Unreached):
            yield self._unreached(reached)
            return
        try:
            metadata = self._metadata()
            yield metadata
            if metadata.verdict is Verdict.GOOD:
                yield from self._health()
                yield from self._visitor()
                yield from self._long_request()
                yield from self._long_answer(client)
                yield from self._long_body()
        except OutboundHttpError as error:
            fix = f"look at the log of what stands in front, and of identity; {_PROXIES}"
            yield Finding(_CHECK, Verdict.BAD, f"{error}", fix)

    def _setting(self) -> Iterator[Finding]:
        yield Finding("issuer", Verdict.GOOD, self._issuer)
        if self._settings.served_over_https and not self._proxies:
            detail = "https, but IDENTITY_TRUSTED_PROXIES is 0: all residents count as one visitor"
            fix = f"set IDENTITY_TRUSTED_PROXIES to the number of proxies in front; {_PROXIES}"
            yield Finding("trusted proxies", Verdict.BAD, detail, fix)

    def _unreached(self, reached: Unreached) -> Finding:
        if reached.fault in (Fault.TLS, *OF_CERTIFICATES):
            fix = reached.fix("IDENTITY_ISSUER", "IDENTITY_CA_FILE")
            return Finding(_CHECK, Verdict.BAD, reached.detail, fix)
        if is_on_loopback(self._issuer):
            return Finding(
                _CHECK, Verdict.NOTE, f"does not answer: {reached.detail}", "start `identity serve`"
            )
        fix = f"if other machines cannot open {self._issuer} either: DNS, firewall, and what stands in front"
        return Finding(_CHECK, Verdict.NOTE, f"not reached from this machine: {reached.detail}", fix)

    def _metadata(self) -> Finding:
        response = self._http.get(f"{self._issuer}/.well-known/openid-configuration")
        if _STRIPPED in response.body:
            fix = "let the proxy hand on the whole path; docs/operations.md, Below a path"
            return Finding(_CHECK, Verdict.BAD, "the proxy takes the path away", fix)
        if response.status in (502, 503, 504):
            fix = f"start `identity serve`, and lead the proxy to IDENTITY_BIND, {self._settings.bind}"
            return Finding(_CHECK, Verdict.BAD, f"the proxy answers {response.status}", fix)
        named = _object(response).get("issuer")
        if response.status != 200 or named is None:  # noqa: PLR2004 - OK
            fix = (
                f"let {self._issuer} and all below it reach identity unchanged, without a sign-in of its own"
            )
            return Finding(_CHECK, Verdict.BAD, f"something else answers there ({response.status})", fix)
        if named != self._issuer:
            detail = "another identity answers there, whose issuer is another"
            return Finding(
                _CHECK, Verdict.BAD, detail, "set the same IDENTITY_ISSUER everywhere, and restart"
            )
        return Finding(_CHECK, Verdict.GOOD, "answers")

    def _health(self) -> Iterator[Finding]:
        response = self._http.get(f"{self._issuer}/health/ready")
        if response.status != 200:  # noqa: PLR2004 - OK
            fix = "see `database` below: the process that answers there has another view of it"
            yield Finding("readiness", Verdict.BAD, f"/health/ready answers {response.status}", fix)
        if not urlsplit(self._issuer).path:
            return
        parts = urlsplit(self._issuer)
        address = f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path}"
        if _object(self._http.get(address)).get("issuer") != self._issuer:
            fix = f"lead {address} to identity; docs/operations.md, Below a path"
            yield Finding("RFC 8414 address", Verdict.NOTE, "is not answered by identity", fix)

    def _visitor(self) -> Iterator[Finding]:
        """Compare how identity sees this machine with what the proxies should say."""
        seen = _object(self._http.get(f"{self._issuer}/health/visitor"))
        check, forwarded = "trusted proxies", seen.get("forwarded")
        if not isinstance(forwarded, int):
            return
        if forwarded < self._proxies:
            detail = f"IDENTITY_TRUSTED_PROXIES is {self._proxies}, but X-Forwarded-For names {forwarded}"
            fix = f"correct the number, or let each proxy add to X-Forwarded-For; {_PROXIES}"
            # Whatever else is wrong with addresses follows from it.
            yield Finding(check, Verdict.BAD, detail, fix)
            return
        if forwarded > self._proxies > 0:
            detail = f"X-Forwarded-For names {forwarded} proxies, IDENTITY_TRUSTED_PROXIES is {self._proxies}"
            fix = "raise the number if all of them are yours; residents behind the first count as one visitor"
            yield Finding(check, Verdict.NOTE, detail, fix)
        yield from self._seen(seen)

    def _seen(self, seen: Mapping[str, object]) -> Iterator[Finding]:
        """Examine address and scheme, and whether a visitor can choose the address."""
        check = "visitor"
        if seen.get("address") is None:
            detail = "what the proxy writes into X-Forwarded-For is no address"
            fix = "see its form in identity's log, `visitor.address_unreadable`"
            yield Finding(check, Verdict.BAD, detail, fix)
        if self._settings.served_over_https and self._proxies and seen.get("scheme") != "https":
            fix = f"let the proxy set X-Forwarded-Proto to https; {_PROXIES}"
            yield Finding(check, Verdict.BAD, "the proxy does not say that residents use https", fix)
        for header in ("X-Forwarded-For", "X_Forwarded_For"):
            response = self._http.get(f"{self._issuer}/health/visitor", {header: _FORGED})
            if _object(response).get("address") == _FORGED:
                detail = f"any visitor can choose an address by sending {header}"
                fix = f"let the first proxy overwrite X-Forwarded-For and drop names with _; {_PROXIES}"
                yield Finding(check, Verdict.BAD, detail, fix)

    def _long_request(self) -> Iterator[Finding]:
        query = urlencode({"state": "s" * _LONG_STATE})
        response = self._http.get(f"{self._issuer}/.well-known/openid-configuration?{query}")
        if response.status != 200:  # noqa: PLR2004 - OK
            detail = f"{_LONG_STATE} characters get {response.status}: some websites' sign-ins fail"
            yield Finding(
                "long addresses",
                Verdict.BAD,
                detail,
                f"raise the proxy's limit of request lines to 64 kB; {_PROXIES}",
            )

    def _long_answer(self, client: SomeClient | None) -> Iterator[Finding]:
        """Ask for a redirect with a long `state`. With `prompt=none` and no cookie nothing begins."""
        if client is None:
            return
        query = {
            "client_id": client.id,
            "redirect_uri": client.redirect_uri,
            "response_type": "code",
            "scope": "openid",
            "prompt": "none",
            "state": "s" * _LONG_STATE,
        }
        response = self._http.get(f"{self._issuer}/authorize?{urlencode(query)}")
        if response.status >= 500:  # noqa: PLR2004 - errors of a server
            detail = f"an answer with long headers becomes {response.status}: sign-ins of some websites fail"
            fix = f"raise the proxy's buffer for response headers (nginx: proxy_buffer_size); {_PROXIES}"
            yield Finding("long answers", Verdict.BAD, detail, fix)

    def _long_body(self) -> Iterator[Finding]:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        response = self._http.post(f"{self._issuer}/token", b"x" * _LONG_BODY, headers)
        if (response.status, response.media_type) == (413, "application/json"):
            return
        detail = f"a body of {_LONG_BODY // 1000} kB gets {response.status} from the proxy, not from identity"
        fix = f"let the proxy take bodies of up to 1 MB (nginx: client_max_body_size); {_PROXIES}"
        yield Finding("long bodies", Verdict.NOTE, detail, fix)


def _object(response: HttpResponse) -> dict[str, object]:
    try:
        document = response.json()
    except OutboundHttpError:
        return {}
    return document if isinstance(document, dict) else {}
