"""The subscribers to account events."""

from identity.account_events import AccountEvents
from identity.clock import Clock
from identity.journeys.federation.deleted_residents import ForgetFirstSignIns
from identity.journeys.registration.deleted_residents import ForgetRegistrations
from identity.oidc.logout.backchannel import BackchannelLogouts
from identity.secret_keys import SecretKeys
from identity.security_events.transmitter import SecurityEvents


def account_events(secret_keys: SecretKeys, clock: Clock, issuer: str) -> AccountEvents:
    """Return the publisher of account events with all subscribers."""
    return AccountEvents(
        BackchannelLogouts(secret_keys, clock),
        SecurityEvents(secret_keys, clock, issuer),
        ForgetRegistrations(),
        ForgetFirstSignIns(),
    )
