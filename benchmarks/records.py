"""Billing records of an invented city, of any number, as the CSV file that `billing_link import` reads."""

import csv
from collections.abc import Iterator
from pathlib import Path

COLUMNS = (
    *("record", "account_number", "customer_id", "name", "service_address", "mailing_address", "status"),
    *("closed_on", "services", "entry_id", "kind", "posted_on", "due_on", "amount", "bill_number", "email"),
)
# Each account has a bill and a payment in each month.
MONTHS = ("2026-05", "2026-06", "2026-07")
CITY_ID = "benchmark"
CITY = {
    "id": CITY_ID,
    "name": "City of Benchmark",
    "currency_code": "USD",
    "account_number": {"segments": [{"width": 6}, {"width": 2}], "separator": "-"},
    "customer_id": {"segments": [{"width": 8}]},
    "linking": True,
    "auto_link": "email",
}


def numbers(index: int) -> tuple[str, str]:
    """Return the account number and customer ID of one account."""
    return f"{index // 100:06d}-{index % 100:02d}", f"{index:08d}"


def write(path: Path, accounts: int) -> int:
    """Write the file and return how many rows it has."""
    count = 0
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        for row in _rows(accounts):
            writer.writerow(row)
            count += 1
    return count


def _rows(accounts: int) -> Iterator[dict[str, str]]:
    for index in range(accounts):
        account_number, customer_id = numbers(index)
        pair = {"account_number": account_number, "customer_id": customer_id}
        yield pair | {
            "record": "account",
            "name": f"Maria Lopez {index}",
            "service_address": f"{index} Park Boulevard",
            "mailing_address": f"{index} Park Boulevard",
            "status": "active",
            "services": "water;sewer",
        }
        for month in MONTHS:
            entry = pair | {"record": "entry"}
            bill = {"kind": "bill", "posted_on": f"{month}-03", "due_on": f"{month}-24", "amount": "84.20"}
            yield entry | bill | {"entry_id": f"b{month}-{index}", "bill_number": f"B-{month}-{index}"}
            payment = {"kind": "payment", "posted_on": f"{month}-20", "amount": "-84.20"}
            yield entry | payment | {"entry_id": f"p{month}-{index}"}
