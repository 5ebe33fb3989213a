"""Pushing events to receivers (RFC 8935)."""

import json
from datetime import datetime

from identity.outbound_http import HttpResponse, OutboundHttp, OutboundHttpError
from identity.outbox.delivery import BACK_OFF, NotDeliveredError, RefusedForGoodError
from identity.secret_keys import SecretKeys
from identity.security_events.store import Receivers
from identity.security_events.tokens import SecurityEventTokens
from identity.security_events.transmitter import SECURITY_EVENT
from identity.storage import Storage

# An attempt an hour, after the first ones: for an outage of a week.
ATTEMPTS = 172
_ACCEPTED = 202
_REFUSED = 400
# §2.4: faults that the receiver or the operator can mend; all others are faults of the event itself.
_TEMPORARY = ("invalid_key", "authentication_failed", "access_denied")


class PushDelivery:
    """Pushes events from the outbox."""

    kind = SECURITY_EVENT
    waits = BACK_OFF
    attempts = ATTEMPTS

    def __init__(
        self, storage: Storage, secret_keys: SecretKeys, tokens: SecurityEventTokens, http: OutboundHttp
    ) -> None:
        self._storage, self._secret_keys, self._tokens, self._http = storage, secret_keys, tokens, http

    def deliver(self, message_id: str, payload: str, requested_at: datetime) -> None:  # noqa: ARG002 - the outbox's signature
        """Push the event (§2), unless the receiver is deleted, disabled or polls now.

        Raises `OutboundHttpError`, `NotDeliveredError`, `RefusedForGoodError`.
        """
        queued = json.loads(payload)
        with self._storage.autocommit() as connection:
            receiver = Receivers(connection).get(queued["receiver"])
        if receiver is None or receiver.is_disabled or receiver.push_uri is None:
            return
        headers = {"Content-Type": "application/secevent+jwt", "Accept": "application/json"}
        if receiver.push_authorization:
            headers["Authorization"] = self._secret_keys.decrypt(receiver.push_authorization)
        # Operators register receivers, also those on a private network.
        response = self._http.post(receiver.push_uri, self._tokens.sign(queued["claims"]).encode(), headers)
        if response.status == _ACCEPTED:
            return
        fault = _fault(response)
        reason = f"{receiver.id} answered {response.status} {fault}".rstrip()
        is_final = response.status == _REFUSED and fault not in _TEMPORARY
        raise (RefusedForGoodError if is_final else NotDeliveredError)(reason)


def _fault(response: HttpResponse) -> str:
    """Return the error code of §2.3, or an empty text."""
    try:
        content = response.json()
    except OutboundHttpError:
        return ""
    fault = content.get("err") if isinstance(content, dict) else None
    return fault if isinstance(fault, str) and fault.replace("_", "").isalnum() and len(fault) <= 64 else ""  # noqa: PLR2004 - for a log
