"""billing_link as the portal reaches it: name, connection, TLS, and a call that it refuses."""

import ssl
from collections.abc import Iterator
from datetime import datetime
from time import monotonic

from portal.billing_link_client.client import BillingLinkClient
from portal.billing_link_client.refusals import Refusal, RefusalReason
from portal.cli.doctor.certificates import examine_end
from portal.cli.doctor.connections import OF_CERTIFICATES, Fault, Unreached, reach
from portal.cli.doctor.findings import Finding, Verdict
from portal.config import Settings

_CHECK, _SETTING = "billing_link", "PORTAL_BILLING_LINK_TARGET"
_TLS, _CA = "PORTAL_BILLING_LINK_TLS", "PORTAL_BILLING_LINK_TLS_CA or PORTAL_CA_FILE"


def examine_billing_link(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Yield what is to be said of billing_link."""
    authorities = settings.billing_link_tls_authorities
    host, port = _host_and_port(settings.billing_link_target)
    if port:
        reached = reach(host, port, None if authorities is None else _context(authorities))
        if isinstance(reached, Unreached):
            yield Finding(_CHECK, Verdict.BAD, f"cannot be reached: {reached.detail}", _fix(reached))
            return
        yield from examine_end(_CHECK, reached.certificate_ends, now)
    client = BillingLinkClient(settings.billing_link_target, authorities)
    began = monotonic()
    try:
        answer = client.list_linked_accounts("portal-doctor")
    finally:
        client.close()
    if isinstance(answer, Refusal) and answer.reason is RefusalReason.TOKEN_REFUSED:
        milliseconds = round((monotonic() - began) * 1000)
        yield Finding(_CHECK, Verdict.GOOD, f"{settings.billing_link_target} answers in {milliseconds} ms")
        return
    detail = answer.detail if isinstance(answer, Refusal) else "takes any token"
    if port and authorities is None and _speaks_tls(host, port):
        fix = f"set {_TLS}=true, and for an authority of your own PORTAL_CA_FILE"
        yield Finding(_CHECK, Verdict.BAD, "speaks TLS, and the portal does not", fix)
    else:
        fix = (
            "run `billing_link doctor` there; a load balancer in between must speak HTTP/2 to both sides"
            " and pass trailers"
        )
        yield Finding(_CHECK, Verdict.BAD, f"takes connections, but no calls ({detail})", fix)


def _fix(reached: Unreached) -> str:
    if reached.fault is Fault.TLS:
        return (
            f"unset {_TLS} and PORTAL_BILLING_LINK_TLS_CA if billing_link has no certificate, or give it one"
        )
    return reached.fix(_SETTING, _CA)


def _host_and_port(target: str) -> tuple[str, int]:
    """Return both of `host:port` or `dns:///host:port`; port 0 for what gRPC alone can read."""
    if target.startswith("dns:"):
        target = target.rpartition("/")[2].removeprefix("dns:")
    host, _, port = target.rpartition(":")
    return (host.strip("[]"), int(port)) if host and port.isdecimal() else ("", 0)


def _context(authorities: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authorities:
        context.load_verify_locations(cadata=authorities.decode("ascii", "ignore"))
    # Servers of gRPC take no connection without (RFC 7301, RFC 9113 §3.2).
    context.set_alpn_protocols(["h2"])
    return context


def _speaks_tls(host: str, port: int) -> bool:
    """Tell whether a TLS handshake gets as far as a certificate. Nothing is sent over the connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["h2"])
    reached = reach(host, port, context)
    # No authority is trusted here: a certificate is refused.
    return isinstance(reached, Unreached) and reached.fault in OF_CERTIFICATES
