"""How long certificates are valid: those of servers that were reached, and those of files."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from billing_link.cli.doctor.findings import Finding, Verdict

_SOON = timedelta(days=14)


def examine_end(check: str, ends: datetime | None, now: datetime) -> Iterator[Finding]:
    """Yield a note for a server's certificate that ends soon."""
    if ends is not None and ends <= now + _SOON:
        detail = f"its certificate ends on {ends:%Y-%m-%d}"
        yield Finding(check, Verdict.NOTE, detail, "renew it; look why it was not renewed by itself")


def examine_file(setting: str, file: str, now: datetime) -> Iterator[Finding]:
    """Yield what is to be said of the certificates of a PEM file; nothing without a file."""
    if not file:
        return
    certificates = x509.load_pem_x509_certificates(Path(file).read_bytes())
    by_end = {each.subject.rfc4514_string(): each.not_valid_after_utc for each in certificates}
    for name, ends in by_end.items():
        if ends <= now:
            yield Finding(setting, Verdict.BAD, f"{name} ended on {ends:%Y-%m-%d}", f"replace it in {file}")
        elif ends <= now + _SOON:
            yield Finding(setting, Verdict.NOTE, f"{name} ends on {ends:%Y-%m-%d}", f"replace it in {file}")
    if min(by_end.values()) > now + _SOON:
        yield Finding(setting, Verdict.GOOD, f"valid until {min(by_end.values()):%Y-%m-%d}")
