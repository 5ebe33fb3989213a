"""How money, days and moments are written, in the resident's language and the city's time zone."""

from datetime import date, datetime
from decimal import Decimal

from babel.numbers import format_currency
from flask import Flask
from flask_babel import format_date, format_datetime, format_time, get_locale, to_user_timezone
from flask_babel import lazy_gettext as _l

CENTS = 100
# The names billing_link's contract gives services; another one shows as it is.
SERVICES = {
    "water": _l("Water"),
    "sewer": _l("Sewer"),
    "reclaimed_water": _l("Reclaimed water"),
    "stormwater": _l("Stormwater"),
    "garbage": _l("Garbage"),
    "recycling": _l("Recycling"),
}


def install(app: Flask) -> None:
    """Give the templates the filters `money`, `day`, `moment` and `service_name`."""
    app.add_template_filter(money)
    app.add_template_filter(day)
    app.add_template_filter(moment)
    app.add_template_filter(service_name)


def money(cents: int, currency: str = "USD") -> str:
    """Write an amount; the cents are whole and stay exact."""
    return format_currency(Decimal(cents) / CENTS, currency, locale=get_locale())


def day(value: date) -> str:
    """Write a day of the calendar."""
    return str(format_date(value, "long"))


def moment(value: datetime) -> str:
    """Write a moment in the city's time zone, to the minute."""
    day_there = format_date(to_user_timezone(value), "long", rebase=False)
    return f"{day_there}, {format_time(value, 'short')} {format_datetime(value, 'z')}"


def service_name(code: str) -> str:
    """Return what residents call a service."""
    return str(SERVICES.get(code, code.replace("_", " ")))
