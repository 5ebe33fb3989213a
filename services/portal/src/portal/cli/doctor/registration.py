"""The portal as identity knows it: client id and secret, and the city."""

from collections.abc import Iterator
from urllib.parse import urlencode

from portal.cli.doctor.findings import Finding, Verdict
from portal.cli.doctor.identity import Identity, read_object
from portal.config import Settings
from portal.outbound_http import OutboundHttpError, basic_credentials

_OK, _NOT_FOUND = 200, 404
# RFC 7636 §4.1: as long as one has to be.
_NO_VERIFIER = "doctor" * 8


def examine_registration(identity: Identity, settings: Settings) -> Iterator[Finding]:
    """Yield what is to be said of the registration; nothing if identity does not answer."""
    if not identity.metadata:
        return
    try:
        yield from _client(identity, settings)
        yield _city(identity, settings.city)
    except OutboundHttpError as error:
        yield Finding("client", Verdict.BAD, f"identity: {error}", "run `identity doctor` there")


def _client(identity: Identity, settings: Settings) -> Iterator[Finding]:
    """Redeem a code that does not exist: identity authenticates the client first (RFC 6749 §4.1.3)."""
    form = {
        "grant_type": "authorization_code",
        "code": "portal-doctor",
        "code_verifier": _NO_VERIFIER,
        "redirect_uri": settings.redirect_uri,
    }
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": basic_credentials(settings.client_id, settings.client_secret.get_secret_value()),
    }
    endpoint = str(identity.metadata.get("token_endpoint"))
    response = identity.http.post(endpoint, urlencode(form).encode(), headers)
    error = str(read_object(response).get("error", ""))
    if error == "invalid_grant":
        yield Finding("client", Verdict.GOOD, f"identity accepts {settings.client_id} and its secret")
    elif error == "invalid_client":
        detail = f"identity refuses {settings.client_id} or its secret"
        fix = (
            f"check PORTAL_CLIENT_ID with `identity clients show {settings.client_id}`; for a new"
            f" PORTAL_CLIENT_SECRET run `identity clients rotate-secret {settings.client_id}`"
        )
        yield Finding("client", Verdict.BAD, detail, fix)
    else:
        detail = f"identity answers {response.status} {error[:64]} to a token request"
        yield Finding("client", Verdict.BAD, detail.replace("  ", " "), "run `identity doctor` there")


def _city(identity: Identity, city: str) -> Finding:
    response = identity.http.get(f"{identity.issuer}/cities/{city}")
    if response.status == _OK:
        return Finding("city", Verdict.GOOD, f"identity knows {city}")
    if response.status == _NOT_FOUND:
        fix = "correct PORTAL_CITY (`identity cities list`), or run `identity cities put FILE.json`"
        return Finding("city", Verdict.BAD, f"identity knows no {city}", fix)
    return Finding("city", Verdict.BAD, f"identity answers {response.status}", "run `identity doctor` there")
