"""The auto-link: links the one earlier registration with the verified e-mail address, once per resident.

An address makes one link a day in a city, whichever residents prove it meanwhile (docs/decisions/0067).
"""

import hashlib
import unicodedata
from datetime import timedelta

from billing_link.audit.store import Audit, Event
from billing_link.billing_records.email_addresses import key_of
from billing_link.billing_records.port import BillingRecords, UtilityAccount
from billing_link.clock import Clock
from billing_link.linking.cities import AutoLinkPolicy, City
from billing_link.linking.link_account import NewLink, make_link
from billing_link.linking.links import AutoLinkOutcome, Link, Origin, Resident, actor_of
from billing_link.linking.store import Links
from billing_link.storage import Storage, hold
from billing_link.tokens.caller import Caller

UNDO_PERIOD = timedelta(days=7)
# Between two auto-links by one address in one city.
ONE_FOR_EACH = timedelta(days=1)


class AutoLink:
    """Searches for an earlier registration, at a resident's first list of a city. It can be undone."""

    def __init__(self, storage: Storage, records: BillingRecords, clock: Clock) -> None:
        self._storage = storage
        self._records = records
        self._clock = clock

    def __call__(self, caller: Caller, city: City) -> AutoLinkOutcome:
        """Return the outcome. Every outcome but NOT_TRIED is stored and final.

        NOT_TRIED also where the address has made a link within the last day.
        """
        key = key_of(caller.verified_email)
        if key is None or not city.linking or city.auto_link is AutoLinkPolicy.OFF:
            return AutoLinkOutcome.NOT_TRIED
        found = self._find_account(caller, city, key)
        now, address = self._clock.now(), _digest(city.id, key)
        resident = Resident.of(caller, city.id)
        with self._storage.transaction() as tx:
            hold(tx, *resident.lock_names)
            # Always after the resident's, so that no two wait for each other.
            hold(tx, "address", address)
            links = Links(tx)
            if stored := links.find_auto_link_outcome(resident):
                return stored
            if isinstance(found, UtilityAccount):
                if links.has_linked_address(address, now - ONE_FOR_EACH):
                    return AutoLinkOutcome.NOT_TRIED
                new = NewLink(caller, resident, found, Origin.AUTO, now, now + UNDO_PERIOD)
                made = make_link(tx, city, new)
                link = made if isinstance(made, Link) else None
                outcome = AutoLinkOutcome.LINKED if link else AutoLinkOutcome.NONE
            else:
                link, outcome = None, found
            links.record_auto_link(resident, address, outcome, link, now)
            Audit(tx).record(
                Event.AUTO_LINK_DECIDED,
                now,
                city_id=city.id,
                actor=actor_of(caller),
                details={"outcome": outcome.value},
            )
        return outcome

    def _find_account(self, caller: Caller, city: City, key: str) -> UtilityAccount | AutoLinkOutcome:
        """Return the account to link, or the outcome if there is none."""
        found = self._records.find_registrations(city.id, key)
        if len(found) > 1:
            return AutoLinkOutcome.AMBIGUOUS
        if not found or (
            city.auto_link is AutoLinkPolicy.EMAIL_AND_NAME
            and not resembles(found[0].name, caller.given_name, caller.family_name)
        ):
            return AutoLinkOutcome.NONE
        closed_after = city.closed_after(self._clock.now().date())
        account = self._records.find_account(city.id, found[0].pair, closed_after=closed_after)
        return account or AutoLinkOutcome.NONE


def _digest(city_id: str, key: str) -> str:
    return hashlib.sha256(f"{city_id}\0{key}".encode()).hexdigest()


def resembles(registered: str, given_name: str, family_name: str) -> bool:
    """Tell whether a registration's name may be this person's.

    Every part of the family name must be in it, and the first given name or its initial: `DOE, JANE A` and
    `J. Doe & K. Doe` resemble Jane Doe.
    """
    words, given, family = _words(registered), _words(given_name), _words(family_name)
    if not given or not family:
        return False
    others = [word for word in words if word not in family]
    return set(family) <= set(words) and (given[0] in words or given[0][0] in others)


def _words(name: str) -> list[str]:
    """Return the words of a name without accents, case and punctuation."""
    plain = [c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c)]
    return "".join(
        c if c.isalnum() else " " for c in plain if c not in "'\N{RIGHT SINGLE QUOTATION MARK}"
    ).split()
