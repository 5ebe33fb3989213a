"""Reads the rows of a records file: each becomes a checked value, or a problem for an operator."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, Protocol

from billing_link.billing_records.email_addresses import InvalidAddressError, email_key
from billing_link.billing_records.port import Pair
from billing_link.billing_records.rows import AccountRow, EntryRow, Problem, RecordRow, RegistrationRow
from billing_link.billing_records.statement import EntryKind

COLUMNS = (
    "record",
    "account_number",
    "customer_id",
    "name",
    "service_address",
    "mailing_address",
    "status",
    "closed_on",
    "services",
    "entry_id",
    "kind",
    "posted_on",
    "due_on",
    "amount",
    "bill_number",
    "email",
)
_NUMBERS = ("record", "account_number", "customer_id")
# The other columns of each kind of row.
_USED = {
    "account": {"name", "service_address", "mailing_address", "status", "closed_on", "services"},
    "entry": {"entry_id", "kind", "posted_on", "due_on", "amount", "bill_number"},
    "registration": {"name", "email"},
}
_LONGEST = {"name": 200, "service_address": 300, "mailing_address": 300, "services": 200, "email": 254}
_LONGEST_OTHER = 64
_AMOUNT = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,2})?", re.ASCII)
_SERVICE = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class NumberKeys(Protocol):
    """The part of a city's number formats that an import needs."""

    def account_number_key(self, text: str) -> str | None:
        """Return the normal form of an account number, or None if the text cannot be one."""
        ...

    def customer_id_key(self, text: str) -> str | None:
        """Return the normal form of a customer ID, or None if the text cannot be one."""
        ...


class _BadFieldError(Exception):
    """One field is wrong; the text says which and why."""


def read_rows(raw: BinaryIO, numbers: NumberKeys) -> Iterator[RecordRow | Problem]:
    """Yield each row of a UTF-8 CSV file, or its problem. One row at a time is in memory."""
    start = raw.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield Problem(1, "the file is UTF-16; save it as 'CSV UTF-8'")
        return
    raw.seek(0)
    # Bytes that are not UTF-8 become lone surrogates, so that the problem can name their line.
    lines = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape", newline="")
    reader = csv.reader(lines, strict=True)
    try:
        header = next(reader, None)
        if problem := _header_problem(header):
            yield Problem(1, problem)
            return
        places = [name.strip().lower() for name in header or ()]
        line = reader.line_num + 1
        for values in reader:
            if any(value.strip() for value in values):
                yield _row(line, places, values, numbers)
            line = reader.line_num + 1
    except csv.Error as error:
        yield Problem(
            reader.line_num,
            f"the CSV ends or breaks off here ({error}); is a quotation mark missing in or before it?",
        )
    finally:
        lines.detach()


def _header_problem(header: list[str] | None) -> str | None:
    if header is None:
        return "the file is empty"
    names = [name.strip().lower() for name in header]
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        return "the columns must be separated by commas"
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        return f"the header lacks {', '.join(missing)}"
    surplus = [name for place, name in enumerate(names) if name not in COLUMNS or name in names[:place]]
    if surplus:
        return f"the header names unknown or repeated columns: {', '.join(surplus)}"[:200]
    return None


def _row(line: int, places: list[str], values: list[str], numbers: NumberKeys) -> RecordRow | Problem:
    if len(values) != len(places):
        return Problem(line, f"it has {len(values)} columns, the header has {len(places)}")
    fields = _Fields({name: value.strip() for name, value in zip(places, values, strict=True)}, numbers)
    try:
        fields.check_texts()
        match fields.values["record"]:
            case "account":
                return _account(line, fields)
            case "entry":
                return _entry(line, fields)
            case "registration":
                return _registration(line, fields)
        return Problem(line, "record must be account, entry or registration")
    except _BadFieldError as error:
        return Problem(line, str(error))


@dataclass(frozen=True, slots=True)
class _Fields:
    values: Mapping[str, str]
    numbers: NumberKeys

    def check_texts(self) -> None:
        """Refuse invalid characters, too long texts, and columns that this kind of row does not use."""
        used = _USED.get(self.values["record"])
        for name, value in self.values.items():
            if not value:
                continue
            if not value.isprintable():
                _check_characters(name, value)
            if len(value) > _LONGEST.get(name, _LONGEST_OTHER):
                raise _BadFieldError(f"{name} is longer than {_LONGEST.get(name, _LONGEST_OTHER)} characters")
            if used is not None and name not in used and name not in _NUMBERS:
                raise _BadFieldError(f"{name} must be empty in a row of kind {self.values['record']}")

    def pair(self) -> Pair:
        """Return both numbers in normal form."""
        customer_id = self.numbers.customer_id_key(self.values["customer_id"])
        account_number = self.numbers.account_number_key(self.values["account_number"])
        if not account_number:
            raise _BadFieldError(
                f"account_number {self.values['account_number']!r} does not have the city's format"
            )
        if not customer_id:
            raise _BadFieldError(
                f"customer_id {self.values['customer_id']!r} does not have the city's format"
            )
        return Pair(account_number, customer_id)

    def text(self, name: str) -> str:
        """Return a required text, in one line."""
        if not self.values[name]:
            raise _BadFieldError(f"{name} is empty")
        return " ".join(self.values[name].split())

    def day(self, name: str) -> date:
        """Return a required date."""
        value = self.text(name)
        if _DATE.fullmatch(value):
            with suppress(ValueError):
                return date.fromisoformat(value)
        raise _BadFieldError(f"{name} must be a date like 2026-10-05, not {value!r}")

    def cents(self, name: str) -> int:
        """Return a required amount, in cents."""
        value = self.text(name)
        if not _AMOUNT.fullmatch(value):
            raise _BadFieldError(f"{name} must be dollars and cents like 84.12 or -84.12, not {value!r}")
        dollars, _, cents = value.lstrip("-").partition(".")
        amount = int(dollars) * 100 + int(cents.ljust(2, "0"))
        return -amount if value.startswith("-") else amount


def _check_characters(name: str, value: str) -> None:
    """Refuse bytes that are not UTF-8, and control characters other than white space."""
    if any("\ud800" <= c <= "\udfff" for c in value):
        raise _BadFieldError(f"{name} is not UTF-8; save the file as 'CSV UTF-8'")
    if any(not c.isprintable() and not c.isspace() for c in value):
        raise _BadFieldError(f"{name} holds a control character")


def _account(line: int, fields: _Fields) -> AccountRow:
    values = fields.values
    if values["status"] not in ("active", "closed"):
        raise _BadFieldError("status must be active or closed")
    if values["status"] == "active" and values["closed_on"]:
        raise _BadFieldError("closed_on must be empty for an active account")
    services = [service.strip() for service in values["services"].split(";") if service.strip()]
    if not all(_SERVICE.fullmatch(service) for service in services):
        raise _BadFieldError("services must be lower-case words with ; between them, like water;sewer")
    pair = fields.pair()
    return AccountRow(
        line=line,
        customer_id_key=pair.customer_id,
        account_number_key=pair.account_number,
        customer_id=fields.text("customer_id"),
        account_number=fields.text("account_number"),
        customer_name=fields.text("name"),
        service_address=fields.text("service_address"),
        mailing_address=" ".join(values["mailing_address"].split()),
        services=" ".join(services),
        closed_on=fields.day("closed_on") if values["status"] == "closed" else None,
    )


def _entry(line: int, fields: _Fields) -> EntryRow:
    values = fields.values
    kind, amount = values["kind"], fields.cents("amount")
    if kind not in tuple(EntryKind):
        raise _BadFieldError("kind must be bill, payment or adjustment")
    if kind == EntryKind.BILL and amount < 0:
        raise _BadFieldError("a bill's amount must not be negative; a credit is an adjustment")
    if kind == EntryKind.PAYMENT and amount > 0:
        raise _BadFieldError("a payment's amount must be negative: it lowers the balance")
    is_bill = kind == EntryKind.BILL
    if not is_bill and (values["due_on"] or values["bill_number"]):
        raise _BadFieldError("due_on and bill_number belong to bills only")
    pair = fields.pair()
    return EntryRow(
        line=line,
        customer_id_key=pair.customer_id,
        account_number_key=pair.account_number,
        entry_id=fields.text("entry_id"),
        kind=kind,
        posted_on=fields.day("posted_on"),
        due_on=fields.day("due_on") if is_bill else None,
        amount_cents=amount,
        bill_number=fields.text("bill_number") if is_bill else "",
    )


def _registration(line: int, fields: _Fields) -> RegistrationRow:
    if not fields.values["email"]:
        raise _BadFieldError("email is empty")
    try:
        key = email_key(fields.values["email"])
    except InvalidAddressError as error:
        raise _BadFieldError(f"email: {error}") from None
    pair = fields.pair()
    return RegistrationRow(
        line=line,
        customer_id_key=pair.customer_id,
        account_number_key=pair.account_number,
        email_key=key,
        name=" ".join(fields.values["name"].split()),
    )
