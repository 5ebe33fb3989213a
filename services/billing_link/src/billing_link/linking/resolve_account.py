"""ResolveAccount: finds the utility account with the two numbers that a resident typed, and may link it."""

from dataclasses import dataclass
from datetime import datetime

from billing_link.audit.store import Audit, Event
from billing_link.billing_records.email_addresses import key_of
from billing_link.billing_records.port import BillingRecords, Pair, UtilityAccount
from billing_link.clock import Clock
from billing_link.errors import Refusal, Refused
from billing_link.linking.account_reads.reads import AccountReads, Search
from billing_link.linking.attempt_store import Attempts
from billing_link.linking.attempts import (
    MOST_AT_CUSTOMER_ID,
    MOST_BY_RESIDENT,
    attempt_keys,
    seconds_to_wait,
)
from billing_link.linking.city_cache import ServedCity
from billing_link.linking.link_account import LinkAccount
from billing_link.linking.links import Link, Resident, actor_of
from billing_link.linking.number_formats import clean
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

    def __init__(
        self,
        storage: Storage,
        records: BillingRecords,
        reads: AccountReads,
        link: LinkAccount,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._records = records
        self._reads = reads
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
        search = _search(caller, served, pair or _NO_PAIR, self._clock.now())
        found = self._reads.find_account(search)
        account, own_link = found.account, found.own_link
        wait = seconds_to_wait(found.resident_failures, MOST_BY_RESIDENT, search.now)
        is_owner = False
        if pair and (
            at_customer := seconds_to_wait(found.customer_failures, MOST_AT_CUSTOMER_ID, search.now)
        ):
            is_owner = self._is_registered(caller, search)
            if is_owner and not wait and not own_link:
                account = self._find_owned(search)
            wait = wait if is_owner else max(wait, at_customer)
        if wait and not own_link:
            return _too_many(wait)
        if account is None:
            return self._record_failure(caller, search, at_customer_too=pair is not None and not is_owner)
        if own_link or not typed.remember:
            return Resolved(account, own_link)
        outcome = self._link(caller, served.city, account)
        return outcome if isinstance(outcome, Refused) else Resolved(account, outcome)

    def _is_registered(self, caller: Caller, search: Search) -> bool:
        """Tell whether the city's records join the resident's verified address with the customer ID."""
        key, city_id = key_of(caller.verified_email), search.resident.city_id
        return key is not None and self._records.is_registered(city_id, key, search.pair.customer_id)

    def _find_owned(self, search: Search) -> UtilityAccount | None:
        """Return the account, which was not read for the failures of others at the customer ID."""
        city_id = search.resident.city_id
        return self._records.find_account(city_id, search.pair, closed_after=search.closed_after)

    def _record_failure(self, caller: Caller, search: Search, *, at_customer_too: bool) -> Refused:
        """Count the failure. Of many at the same moment, only as many as allowed get ACCOUNT_NOT_FOUND."""
        now, keys = search.now, search.keys
        with self._storage.autocommit() as connection:
            attempts = Attempts(connection)
            by_resident = attempts.record_failure(keys.resident, now, search.since)
            counts = [(by_resident, MOST_BY_RESIDENT)]
            if at_customer_too:
                key = keys.customer(by_resident.failures)
                counts.append((attempts.record_failure(key, now, search.since), MOST_AT_CUSTOMER_ID))
            if any(count.failures == most for count, most in counts):
                city_id, actor = search.resident.city_id, actor_of(caller)
                Audit(connection).record(Event.ATTEMPTS_USED_UP, now, city_id=city_id, actor=actor)
        # The counts include this failure: the limit is passed at one more than it allows.
        wait = max(seconds_to_wait(count, most + 1, now) for count, most in counts)
        return _too_many(wait) if wait else Refused(Refusal.ACCOUNT_NOT_FOUND)


def _search(caller: Caller, served: ServedCity, pair: Pair, now: datetime) -> Search:
    resident = Resident.of(caller, served.city.id)
    keys = attempt_keys(resident.city_id, resident.issuer, resident.subject, customer_id=pair.customer_id)
    return Search(resident, pair, keys, now, served.city.closed_after(now.date()))


def _empty_field(typed: TypedNumbers) -> str | None:
    """Return the name of the first empty field, None if both are filled in."""
    if not clean(typed.account_number).strip("-"):
        return "account_number"
    return None if clean(typed.customer_id).strip("-") else "customer_id"


def _too_many(seconds: int) -> Refused:
    return Refused(Refusal.TOO_MANY_ATTEMPTS, {"retry_after": str(seconds)})
