"""The port of this machine that calls come to: its certificate, and its health if the server runs."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from billing_link.cli.doctor.certificates import examine_file
from billing_link.cli.doctor.findings import Finding, Verdict
from billing_link.config import ServerSettings
from billing_link.rpc.health import check_health


def examine_port(settings: ServerSettings, now: datetime) -> Iterator[Finding]:
    """Yield what is to be said of certificate and server."""
    certificate = None
    if settings.tls_certificate:
        yield from examine_file("BILLING_LINK_TLS_CERTIFICATE", settings.tls_certificate, now)
        certificate = Path(settings.tls_certificate).read_bytes()
    status = check_health(settings.bind, certificate=certificate)
    if status == "SERVING":
        yield Finding("server", Verdict.GOOD, f"{settings.bind} is serving")
    elif status == "UNREACHABLE":
        fix = "start `billing_link serve`; restart it if it runs with an older certificate"
        yield Finding("server", Verdict.NOTE, f"no health at {settings.bind}", fix)
    else:
        fix = "see `database`: the server answers, and has lost it"
        yield Finding("server", Verdict.BAD, f"{settings.bind} is {status}", fix)
