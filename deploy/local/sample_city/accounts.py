"""The sample city's utility accounts: their customers, and how each one pays.

The first ones have names in this module, since `make run` prints them; the others come from a generator with
a fixed seed, so that every machine has the same city.
"""

import random
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum

from deploy.local.sample_city.names import CITY_LINE, FIRST_NAMES, LAST_NAMES, STREETS

COUNT = 300
SEED = "pinellas-park"
ALL_SERVICES = ("water", "sewer", "reclaimed_water", "stormwater", "garbage", "recycling")
USUAL_SERVICES = ("water", "sewer", "stormwater", "garbage", "recycling")


class PaymentHabit(Enum):
    """How an account pays. The value is the days from a bill to its payment."""

    PROMPTLY = 12
    LATE = 34
    BEHIND = 75
    AHEAD = 10


@dataclass(frozen=True, kw_only=True)
class Account:
    """One (account number, customer ID) pair as it is printed on the city's bills."""

    account_number: str
    customer_id: str
    name: str
    service_address: str
    mailing_address: str = ""
    services: tuple[str, ...] = USUAL_SERVICES
    payment_habit: PaymentHabit = PaymentHabit.PROMPTLY
    closed_on: date | None = None


@dataclass(frozen=True)
class Registration:
    """A registration of an account with an e-mail address in the city's earlier portal."""

    email: str
    account: Account


TO_FIND = Account(
    account_number="004215-01",
    customer_id="108734",
    name="Jordan Ellison",
    service_address="118 Mangrove Bend",
    payment_habit=PaymentHabit.LATE,
)
PAST_DUE = Account(
    account_number="004216-02",
    customer_id="108735",
    name="Cedric Lockhart",
    service_address="122 Mangrove Bend",
    payment_habit=PaymentHabit.BEHIND,
)
RECLAIMED = Account(
    account_number="004310-02",
    customer_id="109112",
    name="Maria Alvarez",
    service_address="47 Heron Landing",
    services=ALL_SERVICES,
)
SHARED_HOME = Account(
    account_number="004402-01",
    customer_id="109350",
    name="David Chen",
    service_address="9 Pelican Loop",
)
SHARED_SHOP = Account(
    account_number="004403-03",
    customer_id="109351",
    name="David Chen",
    service_address="11 Pelican Loop",
    payment_habit=PaymentHabit.AHEAD,
)
CLOSED = Account(
    account_number="003990-01",
    customer_id="107001",
    name="Pearl Whitfield",
    service_address="5 Limpkin Street",
    closed_on=date(2026, 6, 30),
)
NAMED = (TO_FIND, PAST_DUE, RECLAIMED, SHARED_HOME, SHARED_SHOP, CLOSED)

AUTO_LINKED = Registration("maria.alvarez@example.com", RECLAIMED)
AMBIGUOUS = (
    Registration("david.chen@example.com", SHARED_HOME),
    Registration("david.chen@example.com", SHARED_SHOP),
)


def accounts() -> list[Account]:
    """Return every account, the named ones first."""
    chance = random.Random(SEED)  # noqa: S311 - a sample that is the same everywhere, not a secret
    return [*NAMED, *(_invented(number, chance) for number in range(COUNT - len(NAMED)))]


def registrations() -> list[Registration]:
    """Return the earlier registrations: the named ones, and one for every fifth invented account."""
    invented = [account for account in accounts()[len(NAMED) :: 5] if account.closed_on is None]
    return [AUTO_LINKED, *AMBIGUOUS, *(Registration(_email(account), account) for account in invented)]


def _invented(number: int, chance: random.Random) -> Account:
    # One location in six has had a second or third occupant, which the last two digits count.
    occupant = chance.choices((1, 2, 3), (10, 1, 1))[0]
    account = Account(
        account_number=f"{5000 + 7 * number:06d}-{occupant:02d}",
        customer_id=f"{110000 + 13 * number:06d}",
        name=f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}",
        service_address=f"{10 + 4 * (number // len(STREETS))} {STREETS[number % len(STREETS)]}",
        payment_habit=chance.choices(tuple(PaymentHabit), (14, 3, 2, 1))[0],
    )
    if chance.random() < 0.15:  # noqa: PLR2004 - a share of all accounts
        account = replace(account, services=ALL_SERVICES)
    if chance.random() < 0.1:  # noqa: PLR2004 - as above
        account = replace(account, mailing_address=f"PO Box {100 + number}, {CITY_LINE}")
    if chance.random() < 0.06:  # noqa: PLR2004 - as above
        account = replace(
            account, closed_on=date(2026, chance.randint(1, 9), 28), payment_habit=PaymentHabit.PROMPTLY
        )
    return account


def _email(account: Account) -> str:
    first, last = account.name.lower().replace("'", "").split(" ", 1)
    # The customer ID keeps two people of one name apart.
    return f"{first}.{last}.{account.customer_id}@example.com"
