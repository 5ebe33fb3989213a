"""A city, as an operator's file describes it: its number formats and its rules for links."""

import calendar
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from billing_link.errors import OperatorError
from billing_link.linking.number_formats import BillNumbers, NumberFormat, Order, Segment

_Width = Annotated[int, Field(ge=1, le=32)]


class AutoLinkPolicy(StrEnum):
    """When an earlier registration with the verified e-mail address is linked automatically."""

    OFF = "off"
    EMAIL = "email"
    # The name must resemble the registration's, too.
    EMAIL_AND_NAME = "email+name"


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SegmentFile(_File):
    """A segment: of one `width`, padded with zeros; or of `min` to `max` characters, taken as typed."""

    width: _Width | None = None
    min: _Width | None = None
    max: _Width | None = None
    letters: bool = False

    @model_validator(mode="after")
    def _one_of_two(self) -> "SegmentFile":
        free = self.min is not None and self.max is not None and self.min <= self.max
        if (self.width is not None) == (self.min is not None or self.max is not None) or not (
            self.width or free
        ):
            raise ValueError("give either width, or min and max with min <= max")
        return self

    def segment(self) -> Segment:
        """Return the segment that this part of the file describes."""
        if self.width is not None:
            return Segment(1, self.width, padded=True, letters=self.letters)
        return Segment(self.min or 1, self.max or 1, padded=False, letters=self.letters)


class FormatFile(_File):
    """The form of one kind of number."""

    segments: Annotated[list[SegmentFile], Field(min_length=1, max_length=6)]
    separator: Literal["-", "."] = "-"
    optional_suffix: Annotated[int, Field(ge=0, le=8)] = 0

    def number_format(self) -> NumberFormat:
        """Return the format that this part of the file describes."""
        return NumberFormat(tuple(s.segment() for s in self.segments), self.separator, self.optional_suffix)


class City(_File):
    """One city. The fields are those of the file."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    currency_code: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    account_number: FormatFile
    customer_id: FormatFile
    combined: Order = Order.ACCOUNT_FIRST
    # Whether residents may link accounts at all.
    linking: bool = True
    # Whether only one resident may link an account.
    exclusive: bool = False
    auto_link: AutoLinkPolicy = AutoLinkPolicy.EMAIL
    # Whether a link to one account also links the customer's other accounts.
    whole_customer: bool = False
    # Months for which a closed account can still be found and newly linked.
    closed_months: Annotated[int, Field(ge=0, le=1200)] = 24

    def bill_numbers(self) -> BillNumbers:
        """Return the form of both numbers."""
        return BillNumbers(
            self.account_number.number_format(), self.customer_id.number_format(), self.combined
        )

    def closed_after(self, today: date) -> date:
        """Return the day after which an account must have closed to be found and newly linked today."""
        year, month = divmod(today.year * 12 + today.month - 1 - self.closed_months, 12)
        if year < 1:
            return date.min
        return date(year, month + 1, min(today.day, calendar.monthrange(year, month + 1)[1]))


def read_city(document: object) -> City:
    """Return the city that a file describes; raises `OperatorError` that names each field at fault."""
    try:
        return City.model_validate(document)
    except ValidationError as error:
        lines = [
            f"{'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors()
        ]
        raise OperatorError("\n".join(lines)) from None
