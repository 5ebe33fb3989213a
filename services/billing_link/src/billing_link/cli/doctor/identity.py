"""Identity as this service reaches it: connection, metadata, keys, clock."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from billing_link.cli.doctor.certificates import examine_end
from billing_link.cli.doctor.connections import Unreached, reach
from billing_link.cli.doctor.findings import Finding, Verdict
from billing_link.outbound_http import HttpResponse, Limits, OutboundHttp, OutboundHttpError
from billing_link.trusted_authorities import TrustedAuthorities

_CHECK, _SETTING, _CA_FILE = "identity", "BILLING_LINK_ISSUER", "BILLING_LINK_CA_FILE"
LIMITS = Limits(connect=3.0, read=4.0, total=5.0, size=512 * 1024)
_PORTS = {"https": 443, "http": 80}
_OK = 200
# What identity says below another path than its own.
_ELSEWHERE = b"is served below"
# Of clocks: what passes for the same time, and from when on tokens are refused.
_NOTED, _HARMFUL = timedelta(seconds=5), timedelta(seconds=60)

Metadata = dict[str, object]


class Identity:
    """The checks. `metadata` is empty unless identity answered as it should."""

    def __init__(self, issuer: str, authorities: TrustedAuthorities, now: datetime) -> None:
        self.issuer, self._authorities, self._now = issuer, authorities, now
        self.http = OutboundHttp(LIMITS, authorities)
        self.metadata: Metadata = {}

    def examine(self) -> Iterator[Finding]:
        """Yield what is to be said of identity."""
        parts = urlsplit(self.issuer)
        tls = self._authorities.tls if parts.scheme == "https" else None
        reached = reach(parts.hostname or "", parts.port or _PORTS[parts.scheme], tls)
        if isinstance(reached, Unreached):
            detail = f"cannot be reached: {reached.detail}"
            yield Finding(_CHECK, Verdict.BAD, detail, reached.fix(_SETTING, _CA_FILE))
            return
        yield from examine_end(_CHECK, reached.certificate_ends, self._now)
        try:
            response = self.http.get(f"{self.issuer}/.well-known/openid-configuration")
            yield from self._metadata(response)
            if self.metadata:
                yield from self._clock(response)
                yield from self._keys()
        except OutboundHttpError as error:
            fix = "look at the log of identity, and of what stands in between; run `identity doctor` there"
            yield Finding(_CHECK, Verdict.BAD, f"{error}", fix)

    def _metadata(self, response: HttpResponse) -> Iterator[Finding]:
        document, status = read_object(response), response.status
        if _ELSEWHERE in response.body:
            fix = f"let the proxy hand on the whole path, and check the path in {_SETTING}"
            yield Finding(_CHECK, Verdict.BAD, "identity answers, but is served below another path", fix)
        elif status in (502, 503, 504):
            fix = "start `identity serve`; run `identity doctor` there"
            yield Finding(_CHECK, Verdict.BAD, f"what stands before identity answers {status}", fix)
        elif status != _OK or "issuer" not in document:
            fix = f"check {_SETTING}: its metadata is at {self.issuer}/.well-known/openid-configuration"
            yield Finding(_CHECK, Verdict.BAD, f"something else answers there ({status})", fix)
        elif document["issuer"] != self.issuer:
            detail = "names another issuer than this service expects"
            fix = f"write IDENTITY_ISSUER and {_SETTING} alike, to the letter"
            yield Finding(_CHECK, Verdict.BAD, detail, fix)
        else:
            self.metadata = document
            yield Finding(_CHECK, Verdict.GOOD, f"{self.issuer} answers")

    def _clock(self, response: HttpResponse) -> Iterator[Finding]:
        try:
            theirs = parsedate_to_datetime(response.headers.get("Date", ""))
        except ValueError:
            return
        if theirs.tzinfo is None:
            theirs = theirs.replace(tzinfo=UTC)
        ahead = theirs - self._now
        if abs(ahead) <= _NOTED:
            return
        where = "ahead of" if ahead > timedelta() else "behind"
        detail = f"its clock is {round(abs(ahead).total_seconds())} seconds {where} this machine's"
        fix = "let both follow the same time servers: `timedatectl` on each shows whether they do"
        yield Finding("clock", Verdict.BAD if abs(ahead) > _HARMFUL else Verdict.NOTE, detail, fix)

    def _keys(self) -> Iterator[Finding]:
        response = self.http.get(str(self.metadata.get("jwks_uri")))
        keys = read_object(response).get("keys")
        if response.status != _OK or not isinstance(keys, list) or not keys:
            fix = "run `identity doctor` there; let what stands in between pass its key set"
            yield Finding("identity's keys", Verdict.BAD, f"cannot be read ({response.status})", fix)


def read_object(response: HttpResponse) -> dict[str, object]:
    """Return the JSON object of a response; an empty one for all else."""
    try:
        document = response.json()
    except OutboundHttpError:
        return {}
    return document if isinstance(document, dict) else {}
