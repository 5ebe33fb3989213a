"""Template filters: money, dates and times in the resident's language and the city's time zone."""

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from babel import Locale, dates
from babel.numbers import format_currency
from flask import Flask
from flask_babel import format_date, format_datetime, format_time, to_user_timezone
from flask_babel import lazy_gettext as _l

from portal.web.language import LOCALES, current_language

CENTS = 100
# Dates that are kept as text.
DAYS = 1024
# With a sign and a language, of which Babel's format is kept.
CURRENCIES = 64
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
    """Format whole cents, exactly; `currency` is ISO 4217.

    Babel formats one amount of each currency. It would take a tenth of the home page's time for three more.
    """
    locale = LOCALES[current_language()]
    before, sample, after = _around_amount(currency, locale, negative=cents < 0)
    if not sample:
        return format_currency(Decimal(cents) / CENTS, currency, locale=locale)
    whole, hundredths = divmod(abs(cents), CENTS)
    return f"{before}{whole:,}.{hundredths:02}{after}"


@lru_cache(CURRENCIES)
def _around_amount(currency: str, locale: Locale, *, negative: bool) -> tuple[str, str, str]:
    """Return what stands around an amount; empty texts after the first where it has no two decimal places."""
    sample = "1.23"
    return format_currency(Decimal(f"{'-' if negative else ''}{sample}"), currency, locale=locale).partition(
        sample
    )


def day(value: date) -> str:
    """Format a date."""
    return _day(value, LOCALES[current_language()])


# Many residents' bills are due on the same days.
@lru_cache(DAYS)
def _day(value: date, locale: Locale) -> str:
    return str(dates.format_date(value, "long", locale))


def moment(value: datetime) -> str:
    """Format a time with its date, in the city's time zone, to the minute."""
    local_day = format_date(to_user_timezone(value), "long", rebase=False)
    return f"{local_day}, {format_time(value, 'short')} {format_datetime(value, 'z')}"


def service_name(code: str) -> str:
    """Return the name of a service."""
    return str(SERVICES.get(code, code.replace("_", " ")))
