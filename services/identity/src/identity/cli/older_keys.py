"""What older keys of IDENTITY_SECRET_KEYS still hold: moved by the worker, counted by the doctor.

Counters move when an attempt touches them (`residents.lockout`), since an address cannot be read from its
digest. Cookies, mail links, codes and the counts of requests are not seen here: docs/operations.md says how
long each lasts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from identity.outbox.store import Deliveries
from identity.residents.lockout.store import Lockout
from identity.secret_keys import SecretKeys
from identity.security_events.store import PolledEvents, Receivers
from identity.signing_keys.store import SigningKeys
from identity.storage import Executor

# Of each kind that ends by itself so many are examined, the oldest.
_MOST = 2000


@dataclass(frozen=True)
class Held:
    """Rows of one kind that the newest key did not make."""

    what: str
    rows: int
    # When the last of them ends by itself, at the latest; None: when it is delivered, or never.
    end: datetime | None = None


def move_to_newest(executor: Executor, secret_keys: SecretKeys) -> int:
    """Encrypt anew, with the newest key, what lasts; return how many values."""
    moved = 0
    if not secret_keys.has_older:
        return moved
    keys, receivers = SigningKeys(executor), Receivers(executor)
    for key in keys.list_keys():
        if key.private_sealed and (after := secret_keys.reseal(key.private_sealed)):
            keys.replace_private(key.kid, key.private_sealed, after)
            moved += 1
    for receiver in receivers.everyone():
        before = receiver.push_authorization
        if before and (after := secret_keys.reseal(before)):
            receivers.replace_authorization(receiver.id, before, after)
            moved += 1
    return moved


def held_by_older(executor: Executor, secret_keys: SecretKeys) -> list[Held]:
    """Return what is lost if the older keys are taken away now, by kind; no kind without a row."""
    counters = Lockout(executor, secret_keys).of_older_keys()
    private = (key.private_sealed for key in SigningKeys(executor).list_keys())
    authorizations = (each.push_authorization or "" for each in Receivers(executor).everyone())

    def older(sealed: Iterable[str]) -> int:
        return sum(bool(each) and secret_keys.reseal(each) is not None for each in sealed)

    found = [
        Held("private signing keys", older(private)),
        Held("authorizations of event receivers", older(authorizations)),
        Held("messages that wait", older(Deliveries(executor).waiting_payloads(_MOST))),
        Held("events to be polled", older(PolledEvents(executor).payloads(_MOST))),
        Held("counts of failed sign-ins", counters.rows, counters.end),
    ]
    return [each for each in found if each.rows]
