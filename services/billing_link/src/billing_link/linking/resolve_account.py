"""Finds the utility account with the two numbers a resident typed, and has it remembered if asked to."""

from dataclasses import dataclass
from datetime import datetime

from billing_link.audit.store import Audit, Event
from billing_link.billing_records.port import BillingRecords, Pair, UtilityAccount
from billing_link.clock import Clock
from billing_link.errors import Refusal, Refused
from billing_link.linking.attempts import (
    MOST_AT_CUSTOMER_ID,
    MOST_BY_RESIDENT,
    WINDOW,
    customer_key,
    resident_key,
    seconds_to_wait,
)
from billing_link.linking.city_cache import ServedCity
from billing_link.linking.link_account import LinkAccount
from billing_link.linking.links import Link, Resident
from billing_link.linking.number_formats import clean
from billing_link.linking.store import Attempts, Links
from billing_link.storage import Storage
from billing_link.tokens.caller import Caller

# No account has it: looked up where what was typed cannot be a pair, so that the answer takes the same work.
_NO_PAIR = Pair("", "")


@dataclass(frozen=True, slots=True)
class TypedNumbers:
    """What the resident typed, of bounded length and without control characters."""

    account_number: str
    customer_id: str
    remember: bool


@dataclass(frozen=True, slots=True)
class Resolved:
    """The account, and the resident's link to it if there is one now."""

    account: UtilityAccount
    link: Link | None


class ResolveAccount:
    """Finds an account by its pair of numbers."""

    def __init__(self, storage: Storage, records: BillingRecords, link: LinkAccount, clock: Clock) -> None:
        self._storage = storage
        self._records = records
        self._link = link
        self._clock = clock

    def __call__(self, caller: Caller, served: ServedCity, typed: TypedNumbers) -> Resolved | Refused:
        """Return the account.

        Refuses with FIELD_INVALID, LINKING_DISABLED, TOO_MANY_ATTEMPTS, ACCOUNT_NOT_FOUND, and what
        `LinkAccount` does.
        """
        if typed.remember and not served.city.linking:
            return Refused(Refusal.LINKING_DISABLED)
        pair = served.numbers.pair(typed.account_number, typed.customer_id)
        if pair is None and (field := _empty_field(typed)):
            return Refused(Refusal.FIELD_INVALID, {"field": field})
        now = self._clock.now()
        resident = Resident(served.city.id, caller.issuer, caller.subject)
        guess = _Attempt(caller, resident, pair, now)
        with self._storage.autocommit() as connection:
            by_resident, at_customer, own = Links(connection).standing(
                resident, pair or _NO_PAIR, guess.keys, now - WINDOW
            )
        wait = max(
            seconds_to_wait(by_resident, MOST_BY_RESIDENT, now),
            seconds_to_wait(at_customer, MOST_AT_CUSTOMER_ID, now) if pair else 0,
        )
        if wait:
            return _too_many(wait)
        closed_after = None if own else served.city.closed_after(now.date())
        account = self._records.find_account(served.city.id, pair or _NO_PAIR, closed_after=closed_after)
        if account is None:
            return self._record_failure(guess)
        if own or not typed.remember:
            return Resolved(account, own)
        outcome = self._link(caller, served.city, account.pair)
        return outcome if isinstance(outcome, Refused) else Resolved(account, outcome)

    def _record_failure(self, guess: "_Attempt") -> Refused:
        """Count the failure; of many at the same moment, no more than are allowed learn that it was one."""
        limits = dict(zip(guess.keys, (MOST_BY_RESIDENT, MOST_AT_CUSTOMER_ID), strict=True))
        keys = guess.keys if guess.pair else guess.keys[:1]
        with self._storage.autocommit() as connection:
            counts = Attempts(connection).record_failure(keys, guess.now, guess.now - WINDOW)
            if any(count.failures == limits[key] for key, count in counts.items()):
                Audit(connection).record(
                    Event.ATTEMPTS_USED_UP,
                    guess.now,
                    city_id=guess.resident.city_id,
                    subject=guess.resident.subject,
                    client_id=guess.caller.client_id,
                    session_id=guess.caller.session_id,
                )
        # This failure is counted already, so that one more than allowed is too many.
        wait = max(seconds_to_wait(count, limits[key] + 1, guess.now) for key, count in counts.items())
        return _too_many(wait) if wait else Refused(Refusal.ACCOUNT_NOT_FOUND)


@dataclass(frozen=True, slots=True)
class _Attempt:
    caller: Caller
    resident: Resident
    pair: Pair | None
    now: datetime

    @property
    def keys(self) -> tuple[str, str]:
        """What failures are counted by: the resident, and the customer ID."""
        who = self.resident
        customer_id = (self.pair or _NO_PAIR).customer_id
        return resident_key(who.city_id, who.issuer, who.subject), customer_key(who.city_id, customer_id)


def _empty_field(typed: TypedNumbers) -> str | None:
    if not clean(typed.account_number).strip("-"):
        return "account_number"
    return None if clean(typed.customer_id).strip("-") else "customer_id"


def _too_many(seconds: int) -> Refused:
    return Refused(Refusal.TOO_MANY_ATTEMPTS, {"retry_after": str(seconds)})
