"""The formats of a city's account numbers and customer IDs, and the normal form of typed text.

Numbers are text from end to end. Only the normal form is compared; pages show numbers as printed.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from billing_link.billing_records.port import Pair

# Characters that a resident may type into one field.
LONGEST_TYPED = 64

_SEPARATORS = str.maketrans(dict.fromkeys("./_\N{MINUS SIGN}\N{FRACTION SLASH}", "-"))
_ALLOWED = re.compile(r"[0-9A-Z-]*", re.ASCII)


def clean(typed: str) -> str:
    """Return the text in NFKC, upper case, without white space and invisible characters, dashes as `-`."""
    if _ALLOWED.fullmatch(typed):
        return typed
    text = unicodedata.normalize("NFKC", typed).upper()
    kept = [
        "-" if unicodedata.category(c) == "Pd" else c
        for c in unicodedata.normalize("NFKC", text)
        if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc")
    ]
    return "".join(kept).translate(_SEPARATORS)


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of characters between two separators."""

    least: int
    most: int
    # Zeros are added or removed on the left until there are `most` characters.
    padded: bool = True
    letters: bool = False

    def fit(self, text: str) -> str | None:
        """Return the segment in normal form, or None if the text does not fit."""
        if not text or not (text.isalnum() if self.letters else text.isdecimal()):
            return None
        if self.padded:
            surplus = len(text) - self.most
            if surplus > 0 and text[:surplus].strip("0") == "":
                text = text[surplus:]
            text = text.zfill(self.most)
        return text if self.least <= len(text) <= self.most else None

    @property
    def is_fixed(self) -> bool:
        """Whether every normal form has the same length."""
        return self.padded or self.least == self.most


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """The form of one kind of number in one city."""

    segments: tuple[Segment, ...]
    separator: str = "-"
    # Width of a last segment that only some bills print, not part of the key; 0 if there is none.
    optional_suffix: int = 0

    def key(self, typed: str, *, complete: bool = False) -> str | None:
        """Return the normal form, or None if the text cannot be such a number.

        With `complete`, zeros may be missing only if every separator is there.
        """
        text = clean(typed)
        if not _ALLOWED.fullmatch(text):
            return None
        parts = [part for part in text.split("-") if part]
        if self.optional_suffix and len(parts) == len(self.segments) + 1:
            if len(parts.pop()) > self.optional_suffix:
                return None
        elif len(parts) != len(self.segments) or (self.optional_suffix and len(parts) == 1):
            parts = self._split("".join(parts), complete=complete or len(parts) > 1)
        if len(parts) != len(self.segments):
            return None
        keys = [segment.fit(part) for segment, part in zip(self.segments, parts, strict=True)]
        return None if None in keys else self.separator.join(str(key) for key in keys)

    def _split(self, text: str, *, complete: bool) -> list[str]:
        """Split a number typed without separators, from the right: zeros are omitted on the left.

        With only some separators it is unknown where zeros are omitted, so the length must be complete.
        """
        rest = [segment.most for segment in self.segments[1:]]
        if not text or not all(segment.is_fixed for segment in self.segments[1:]):
            return []
        whole = self.segments[0].most + sum(rest)
        if complete and len(text) not in (whole, whole + self.optional_suffix):
            return []
        if self.optional_suffix and len(text) > whole:
            text = text[: -self.optional_suffix]
        parts: list[str] = []
        for width in reversed(rest):
            text, part = text[:-width], text[-width:]
            parts.insert(0, part)
        return [text, *parts]


class Order(StrEnum):
    """The order in which a city prints both numbers in one string."""

    ACCOUNT_FIRST = "account-customer"
    CUSTOMER_FIRST = "customer-account"


@dataclass(frozen=True, slots=True)
class BillNumbers:
    """The two numbers on a city's bill."""

    account_number: NumberFormat
    customer_id: NumberFormat
    combined: Order = Order.ACCOUNT_FIRST

    def account_number_key(self, text: str) -> str | None:
        """Return the normal form of an account number, or None if the text cannot be one."""
        return self.account_number.key(text)

    def customer_id_key(self, text: str) -> str | None:
        """Return the normal form of a customer ID, or None if the text cannot be one."""
        return self.customer_id.key(text)

    def pair(self, typed_account: str, typed_customer: str) -> Pair | None:
        """Return the pair that was typed, or None if the texts cannot be one.

        Either text may hold both numbers; the other one is then empty or agrees with it.
        """
        account, customer = self.account_number.key(typed_account), self.customer_id.key(typed_customer)
        if account and customer:
            return Pair(account, customer)
        return self._agreed(typed_account, typed_customer, customer, 1) or self._agreed(
            typed_customer, typed_account, account, 0
        )

    def _agreed(self, typed: str, other: str, other_key: str | None, place: int) -> Pair | None:
        """Return the combined pair in `typed` unless the other field contradicts it."""
        for pair in self._combined(typed):
            if not clean(other) or other_key == pair[place] or clean(other) == clean(typed):
                return pair
        return None

    def _combined(self, typed: str) -> Iterator[Pair]:
        parts = [part for part in clean(typed).split("-") if part]
        first, second = self.account_number, self.customer_id
        if self.combined is Order.CUSTOMER_FIRST:
            first, second = second, first
        usual = len(first.segments)
        cuts = sorted(range(1, len(parts)), key=lambda cut: (cut != usual, cut))
        for cut in cuts:
            one = first.key("-".join(parts[:cut]), complete=True)
            two = second.key("-".join(parts[cut:]), complete=True)
            if one and two:
                yield Pair(one, two) if first is self.account_number else Pair(two, one)
