"""The verbs of city staff and operators."""

from identity.clock import Clock
from identity.composition.account_events import account_events
from identity.config import Settings
from identity.resident_deletion import ResidentDeletion
from identity.residents.sessions.lifecycle import SessionLifecycle
from identity.secret_keys import SecretKeys
from identity.staff.residents import ResidentAdministration
from identity.storage import Storage


def resident_administration(
    storage: Storage, secret_keys: SecretKeys, clock: Clock, settings: Settings
) -> ResidentAdministration:
    """Return the verbs about residents' accounts."""
    events = account_events(secret_keys, clock, settings.issuer)
    sessions = SessionLifecycle(events)
    return ResidentAdministration(
        storage, secret_keys, clock, sessions, ResidentDeletion(sessions, events), events
    )
