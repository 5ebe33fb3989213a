"""ResolveAccount: finds the utility account with the two numbers that a resident typed, and may link it."""

from dataclasses import dataclass
from datetime import datetime

from billing_link.audit.store import Audit, Event
from billing_link.billing_records.email_addresses import key_of
from billing_link.billing_records.port import BillingRecords, Pair, UtilityAccount
from billing_link.clock import Clock
from billing_link.errors import Refusal, Refused
from billing_link.linking.attempts import (
    MOST_AT_CUSTOMER_ID,
    MOST_BY_RESIDENT,
    WINDOW,
    AttemptKeys,
    attempt_keys,
    seconds_to_wait,
)
from billing_link.linking.city_cache import ServedCity
from billing_link.linking.link_account import LinkAccount
from billing_link.linking.links import Link, Resident, actor_of
from billing_link.linking.number_formats import clean
from billing_link.linking.store import Attempts, Links
from billing_link.storage import Storage
from billing_link.tokens.caller import Caller

# No account has this pair. It stands in for text that cannot be one: every answer then takes equal work.
_NO_PAIR = Pair("", "")


@dataclass(frozen=True, slots=True)
class TypedNumbers:
    """The text that the resident typed, of bounded length and without control characters."""

    account_number: str
    customer_id: str
    remember: bool


@dataclass(frozen=True, slots=True)
class Resolved:
    """The account, and the resident's link to it if there is one. Personal data."""

    account: UtilityAccount
    link: Link | None


class ResolveAccount:
    """Finds an account by its pair of numbers, within the limits on guessing."""

    def __init__(self, storage: Storage, records: BillingRecords, link: LinkAccount, clock: Clock) -> None:
        self._storage = storage
        self._records = records
        self._link = link
        self._clock = clock

    def __call__(self, caller: Caller, served: ServedCity, typed: TypedNumbers) -> Resolved | Refused:
        """Return the account.

        Refuses with FIELD_INVALID, LINKING_DISABLED, TOO_MANY_ATTEMPTS, ACCOUNT_NOT_FOUND, and as
        `LinkAccount` does.
        """
        if typed.remember and not served.city.linking:
            return Refused(Refusal.LINKING_DISABLED)
        pair = served.numbers.pair(typed.account_number, typed.customer_id)
        if pair is None and (field := _empty_field(typed)):
            return Refused(Refusal.FIELD_INVALID, {"field": field})
        now = self._clock.now()
        attempt = _Attempt(caller, Resident.of(caller, served.city.id), pair, now)
        with self._storage.autocommit() as connection:
            state = Links(connection).read_lookup_state(
                attempt.resident, pair or _NO_PAIR, attempt.keys, now - WINDOW
            )
        wait = seconds_to_wait(state.resident_failures, MOST_BY_RESIDENT, now)
        is_owner = False
        if pair and (at_customer := seconds_to_wait(state.customer_failures, MOST_AT_CUSTOMER_ID, now)):
            is_owner = self._is_registered(attempt, pair)
            wait = wait if is_owner else max(wait, at_customer)
        if wait and not state.own_link:
            return _too_many(wait)
        closed_after = None if state.own_link else served.city.closed_after(now.date())
        account = self._records.find_account(served.city.id, pair or _NO_PAIR, closed_after=closed_after)
        if account is None:
            return self._record_failure(attempt, at_customer_too=not is_owner)
        if state.own_link or not typed.remember:
            return Resolved(account, state.own_link)
        outcome = self._link(caller, served.city, account)
        return outcome if isinstance(outcome, Refused) else Resolved(account, outcome)

    def _is_registered(self, attempt: "_Attempt", pair: Pair) -> bool:
        """Tell whether the city's records join the resident's verified address with the customer ID."""
        key = key_of(attempt.caller.verified_email)
        city_id = attempt.resident.city_id
        return key is not None and self._records.is_registered(city_id, key, pair.customer_id)

    def _record_failure(self, attempt: "_Attempt", *, at_customer_too: bool) -> Refused:
        """Count the failure. Of many at the same moment, only as many as allowed get ACCOUNT_NOT_FOUND."""
        now, since = attempt.now, attempt.now - WINDOW
        with self._storage.autocommit() as connection:
            attempts = Attempts(connection)
            by_resident = attempts.record_failure(attempt.keys.resident, now, since)
            counts = [(by_resident, MOST_BY_RESIDENT)]
            if attempt.pair and at_customer_too:
                key = attempt.keys.customer(by_resident.failures)
                counts.append((attempts.record_failure(key, now, since), MOST_AT_CUSTOMER_ID))
            if any(count.failures == most for count, most in counts):
                Audit(connection).record(
                    Event.ATTEMPTS_USED_UP,
                    now,
                    city_id=attempt.resident.city_id,
                    actor=actor_of(attempt.caller),
                )
        # The counts include this failure: the limit is passed at one more than it allows.
        wait = max(seconds_to_wait(count, most + 1, now) for count, most in counts)
        return _too_many(wait) if wait else Refused(Refusal.ACCOUNT_NOT_FOUND)


@dataclass(frozen=True, slots=True)
class _Attempt:
    caller: Caller
    resident: Resident
    # None if the text cannot be a pair: such an attempt counts for the resident alone.
    pair: Pair | None
    now: datetime

    @property
    def keys(self) -> AttemptKeys:
        resident = self.resident
        customer_id = (self.pair or _NO_PAIR).customer_id
        return attempt_keys(resident.city_id, resident.issuer, resident.subject, customer_id=customer_id)


def _empty_field(typed: TypedNumbers) -> str | None:
    """Return the name of the first empty field, None if both are filled in."""
    if not clean(typed.account_number).strip("-"):
        return "account_number"
    return None if clean(typed.customer_id).strip("-") else "customer_id"


def _too_many(seconds: int) -> Refused:
    return Refused(Refusal.TOO_MANY_ATTEMPTS, {"retry_after": str(seconds)})
