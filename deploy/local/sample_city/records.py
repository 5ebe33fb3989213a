"""Writes the sample city's billing records as the CSV file that `billing_link import` reads.

A bill depends on its account and month only, so a file of the next month repeats the shared months and adds
one.
"""

import argparse
import csv
import random
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TextIO

from deploy.local.sample_city.accounts import (
    SEED,
    Account,
    PaymentHabit,
    Registration,
    accounts,
    registrations,
)

COLUMNS = (
    *("record", "account_number", "customer_id", "name", "service_address", "mailing_address", "status"),
    *("closed_on", "services", "entry_id", "kind", "posted_on", "due_on", "amount", "bill_number", "email"),
)
MONTHS = 15
DAYS_TO_PAY = 21
# Monthly charges in cents; water and sewer also have a charge for each thousand gallons.
BASE = {
    "water": 1245,
    "sewer": 1890,
    "reclaimed_water": 1375,
    "stormwater": 590,
    "garbage": 2215,
    "recycling": 310,
}
PER_THOUSAND_GALLONS = {"water": 355, "sewer": 540}

Row = dict[str, str]


def rows(today: date) -> Iterator[Row]:
    """Yield every row of the file as of one day."""
    all_accounts = accounts()
    yield from map(_account_row, all_accounts)
    for account in all_accounts:
        yield from _ledger(account, today)
    yield from map(_registration_row, registrations())


def write(file: TextIO, today: date) -> None:
    """Write the whole file, with its header."""
    writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows(today))


def _account_row(account: Account) -> Row:
    closed = account.closed_on
    return _row("account", account) | {
        "name": account.name,
        "service_address": account.service_address,
        "mailing_address": account.mailing_address,
        "status": "closed" if closed else "active",
        "closed_on": closed.isoformat() if closed else "",
        "services": ";".join(account.services),
    }


def _registration_row(registration: Registration) -> Row:
    account = registration.account
    return _row("registration", account) | {"name": account.name, "email": registration.email}


def _row(record: str, account: Account) -> Row:
    return {
        "record": record,
        "account_number": account.account_number,
        "customer_id": account.customer_id,
    }


def _ledger(account: Account, today: date) -> Iterator[Row]:
    for month in _months(today):
        chance = random.Random(f"{SEED} {account.account_number} {month}")  # noqa: S311 - a sample, no secret
        posted_on = month.replace(day=3 + int(account.account_number[:6]) % 18)
        if posted_on > today or (account.closed_on is not None and posted_on > account.closed_on):
            continue
        yield from _month(account, posted_on, today, chance)


def _month(account: Account, posted_on: date, today: date, chance: random.Random) -> Iterator[Row]:
    cents = sum(BASE[service] for service in account.services)
    gallons = chance.randint(2, 9)
    cents += gallons * sum(PER_THOUSAND_GALLONS.get(service, 0) for service in account.services)
    name = f"{posted_on:%Y%m}-{account.account_number}"
    yield _entry(account, f"bill-{name}", "bill", posted_on, cents) | {
        "due_on": (posted_on + timedelta(days=DAYS_TO_PAY)).isoformat(),
        "bill_number": f"B-{posted_on:%Y%m%d}-{account.account_number[:6]}",
    }
    if chance.random() < 0.01:  # noqa: PLR2004 - a share of all months
        credit = cents // 4
        cents -= credit
        yield _entry(account, f"leak-{name}", "adjustment", posted_on, -credit)
    paid_on = posted_on + timedelta(days=account.payment_habit.value)
    if paid_on <= today:
        paid = cents + (500 if account.payment_habit is PaymentHabit.AHEAD else 0)
        yield _entry(account, f"payment-{name}", "payment", paid_on, -paid)


def _entry(account: Account, name: str, kind: str, posted_on: date, cents: int) -> Row:
    sign, whole = ("-" if cents < 0 else ""), abs(cents)
    return _row("entry", account) | {
        "entry_id": name,
        "kind": kind,
        "posted_on": posted_on.isoformat(),
        "amount": f"{sign}{whole // 100}.{whole % 100:02d}",
    }


def _months(today: date) -> list[date]:
    first = today.replace(day=1)
    counted = first.year * 12 + first.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(counted - MONTHS + 1, counted + 1)]


def main() -> None:
    """Write the file to the standard output."""
    parser = argparse.ArgumentParser(description="Write the sample city's billing records as CSV")
    parser.add_argument(
        "--today", type=date.fromisoformat, default=datetime.now(UTC).date(), help="the day they are as of"
    )
    write(sys.stdout, parser.parse_args().today)


if __name__ == "__main__":
    main()
