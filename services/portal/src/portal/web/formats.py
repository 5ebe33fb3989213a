"""Template filters: money, dates and times in the resident's language and the city's time zone."""

from datetime import date, datetime
from decimal import Decimal

from babel.numbers import format_currency
from flask import Flask
from flask_babel import format_date, format_datetime, format_time, get_locale, to_user_timezone
from flask_babel import lazy_gettext as _l

CENTS = 100
# The codes of services in billing_link's contract; another code is shown as it is.
SERVICES = {
    "water": _l("Water"),
    "sewer": _l("Sewer"),
    "reclaimed_water": _l("Reclaimed water"),
    "stormwater": _l("Stormwater"),
    "garbage": _l("Garbage"),
    "recycling": _l("Recycling"),
}


def install(app: Flask) -> None:
    """Register the filters `money`, `day`, `moment` and `service_name`."""
    app.add_template_filter(money)
    app.add_template_filter(day)
    app.add_template_filter(moment)
    app.add_template_filter(service_name)


def money(cents: int, currency: str = "USD") -> str:
    """Format whole cents, exactly; `currency` is ISO 4217."""
    return format_currency(Decimal(cents) / CENTS, currency, locale=get_locale())


def day(value: date) -> str:
    """Format a date."""
    return str(format_date(value, "long"))


def moment(value: datetime) -> str:
    """Format a time with its date, in the city's time zone, to the minute."""
    local_day = format_date(to_user_timezone(value), "long", rebase=False)
    return f"{local_day}, {format_time(value, 'short')} {format_datetime(value, 'z')}"


def service_name(code: str) -> str:
    """Return the name of a service."""
    return str(SERVICES.get(code, code.replace("_", " ")))
