"""Money, as Babel formats it."""

from decimal import Decimal

import pytest
from babel.numbers import format_currency
from portal.web.formats import money
from portal.web.language import LOCALES

AMOUNTS = (0, 1, -1, 10, 99, -100, 123, 8_217, -99_999, 100_000, 12_345_678_901, -123_456_789_01)


@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("currency", ["USD", "EUR", "MXN", "JPY", "KWD", "XYZ"])
def test_an_amount_is_what_babel_makes_of_it(app, language: str, currency: str) -> None:
    with app.test_request_context("/", headers={"Accept-Language": language}):
        made = [money(cents, currency) for cents in AMOUNTS]

    locale = LOCALES[language]
    assert made == [format_currency(Decimal(cents) / 100, currency, locale=locale) for cents in AMOUNTS]
