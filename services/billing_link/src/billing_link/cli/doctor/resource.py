"""billing_link as identity knows it: its audience and secret."""

import json
from collections.abc import Iterator

from billing_link.cli.doctor.findings import Finding, Verdict
from billing_link.cli.doctor.identity import Identity
from billing_link.config import ServerSettings
from billing_link.outbound_http import OutboundHttpError, basic_credentials

_CHECK = "resource"
_OK, _UNAUTHORIZED = 200, 401


def examine_resource(identity: Identity, settings: ServerSettings) -> Iterator[Finding]:
    """Poll for no event (RFC 8936 §2.4), which acknowledges and takes nothing.

    Yields nothing if identity does not answer.
    """
    if not identity.metadata:
        return
    secret = settings.resource_secret.get_secret_value()
    headers = {
        "Content-Type": "application/json",
        "Authorization": basic_credentials(settings.audience, secret),
    }
    body = json.dumps({"maxEvents": 0, "returnImmediately": True}).encode()
    try:
        response = identity.http.post(f"{identity.issuer}/events/poll", body, headers)
    except OutboundHttpError as error:
        yield Finding(_CHECK, Verdict.BAD, f"identity: {error}", "run `identity doctor` there")
        return
    if response.status == _OK:
        yield Finding(_CHECK, Verdict.GOOD, f"identity accepts {settings.audience} and its secret")
    elif response.status == _UNAUTHORIZED:
        fix = (
            "give BILLING_LINK_AUDIENCE and BILLING_LINK_RESOURCE_SECRET as `identity resources put` took and"
            " printed them; run again, it prints a new secret"
        )
        yield Finding(_CHECK, Verdict.BAD, f"identity refuses {settings.audience} or its secret", fix)
    else:
        detail = f"identity answers {response.status} to a poll for events"
        yield Finding(_CHECK, Verdict.BAD, detail, "run `identity doctor` there")
