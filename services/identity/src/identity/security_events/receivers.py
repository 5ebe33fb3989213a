"""Receivers of security events: their registration by an operator, and their authentication."""

import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from identity import randomness
from identity.clock import Clock
from identity.relying_parties import redirect_uris
from identity.relying_parties.schemas import RegistrationRefusedError, check_secret
from identity.secret_keys import SecretKeys, digest
from identity.security_events.event_types import EventType
from identity.security_events.store import Receivers, StoredReceiver
from identity.storage import Storage

_ID = re.compile(r"[!-~]{1,255}")
_LONGEST_ID = 255
_NO_DIGEST = digest("")


@dataclass(frozen=True, repr=False)
class Registration:
    """A receiver as an operator registers it. Holds the secret of its pushes in plain text."""

    id: str
    # None: it polls.
    push_uri: str | None
    # The header `Authorization` of a push; None: it has none.
    push_authorization: str | None
    event_types: frozenset[str]


@dataclass(frozen=True, repr=False)
class Registered:
    """The outcome of a registration. Holds the secret in plain text, which is stored nowhere."""

    is_new: bool
    # None unless one was generated.
    secret: str | None


class ReceiverAuthentication:
    """Authenticates receivers that poll, by their id and secret."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def authenticate(self, receiver_id: str, secret: str) -> StoredReceiver | None:
        """Return the receiver, or None for an unknown or disabled one and for a wrong secret."""
        known = self._find_receiver(receiver_id)
        # Compared for an unknown receiver too, so that the response takes as long.
        is_right = hmac.compare_digest(digest(secret), (known and known.secret_digest) or _NO_DIGEST)
        return known if known and known.secret_digest and is_right and not known.is_disabled else None

    def _find_receiver(self, receiver_id: str) -> StoredReceiver | None:
        # Other text is no identifier, and PostgreSQL refuses some of it.
        if len(receiver_id) > _LONGEST_ID or not receiver_id.isascii() or not receiver_id.isprintable():
            return None
        with self._storage.autocommit() as connection:
            return Receivers(connection).get(receiver_id)


class ReceiverRegistry:
    """Registers and disables receivers."""

    def __init__(self, storage: Storage, secret_keys: SecretKeys, clock: Clock) -> None:
        self._storage, self._secret_keys, self._clock = storage, secret_keys, clock

    def put(self, registration: Registration, secret: str | None) -> Registered:
        """Add or change a receiver, and enable it; raises `RegistrationRefusedError`.

        A secret is generated for a receiver that polls and has none.
        """
        _check(registration, secret)
        with self._storage.transaction() as tx:
            receivers = Receivers(tx)
            known = receivers.get(registration.id)
            polls = registration.push_uri is None
            kept = known.secret_digest if known and polls else None
            made = randomness.secret() if polls and secret is None and kept is None else None
            given = secret or made
            authorization = registration.push_authorization
            receivers.put(
                StoredReceiver(
                    id=registration.id,
                    push_uri=registration.push_uri,
                    push_authorization=self._secret_keys.encrypt(authorization) if authorization else None,
                    secret_digest=digest(given) if given else kept,
                    event_types=_in_order(registration.event_types),
                    is_disabled=False,
                ),
                self._clock.now(),
            )
        return Registered(known is None, made)

    def disable(self, receiver_id: str) -> bool:
        """Send it no further event; return True if it was enabled."""
        with self._storage.transaction() as tx:
            receivers = Receivers(tx)
            known = receivers.get(receiver_id)
            if known is None or known.is_disabled:
                return False
            receivers.put(replace(known, is_disabled=True), self._clock.now())
        return True


def _check(registration: Registration, secret: str | None) -> None:
    lines = _problems_with_push(registration, secret)
    if not _ID.fullmatch(registration.id):
        lines.append("the id: up to 255 characters without blanks, such as urn:community-access:billing-link")
    if unknown := registration.event_types - set(EventType):
        lines.append(f"unknown events: {', '.join(sorted(unknown))} (known: {', '.join(EventType)})")
    if not registration.event_types:
        lines.append("name at least one event")
    if lines:
        raise RegistrationRefusedError(lines)
    if secret is not None:
        check_secret(secret)


def _problems_with_push(registration: Registration, secret: str | None) -> list[str]:
    lines = []
    if registration.push_uri is None and registration.push_authorization is not None:
        lines.append("an authorization goes with a push address")
    if registration.push_uri is not None:
        if problem := redirect_uris.problem_with(registration.push_uri):
            lines.append(f"the push address {registration.push_uri[:80]!r} {problem}")
        if secret is not None:
            lines.append("a receiver that is pushed to has no secret to poll with")
    authorization = registration.push_authorization or "x"
    if not authorization.isascii() or not authorization.isprintable():
        lines.append("the authorization: printable ASCII characters on one line")
    return lines


def _in_order(event_types: Collection[str]) -> tuple[str, ...]:
    return tuple(each for each in EventType if each in event_types)
