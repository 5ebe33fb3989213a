from datetime import date, timedelta

import pytest
from billing_link.errors import OperatorError
from billing_link.linking.cities import read_city

MINIMAL = {
    "id": "a-city",
    "name": "A City",
    "account_number": {"segments": [{"width": 6}]},
    "customer_id": {"segments": [{"min": 3, "max": 8}]},
}


def test_a_city_has_careful_defaults():
    city = read_city(MINIMAL)
    assert (city.linking, city.exclusive, city.auto_link, city.whole_customer) == (
        True,
        False,
        "email",
        False,
    )
    assert (city.closed_months, city.currency_code, city.combined) == (24, "USD", "account-customer")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"id": "A City"}, "id"),
        ({"auto_link": "always"}, "auto_link"),
        ({"autolink": "off"}, "autolink"),
        ({"customer_id": {"segments": []}}, "customer_id.segments"),
        ({"customer_id": {"segments": [{"min": 3}]}}, "customer_id.segments.0"),
        ({"customer_id": {"segments": [{"min": 8, "max": 3}]}}, "customer_id.segments.0"),
        ({"customer_id": {"segments": [{"width": 3, "max": 4}]}}, "customer_id.segments.0"),
        ({"customer_id": {"segments": [{"width": 3}], "separator": "*"}}, "customer_id.separator"),
    ],
)
def test_a_wrong_file_is_refused_with_the_field_at_fault(change, named):
    with pytest.raises(OperatorError, match=f"^{named}:"):
        read_city(MINIMAL | change)


def test_something_else_than_a_city_is_refused():
    with pytest.raises(OperatorError, match=r"^file:"):
        read_city([1, 2])


@pytest.mark.parametrize(
    ("today", "months", "day"),
    [
        (date(2026, 11, 23), 24, date(2024, 11, 23)),
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2023, 2, 28)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
        (date(2026, 12, 31), 0, date(2026, 12, 31)),
        (date(2, 1, 1), 1200, date.min),
    ],
)
def test_the_day_after_which_an_account_must_have_closed(today, months, day):
    assert read_city(MINIMAL | {"closed_months": months}).closed_after(today) == day


def test_a_changed_city_is_served_within_seconds(put_city, verbs, clock):
    put_city(name="Before")
    assert verbs.cities.find_city("pinellas-park").city.name == "Before"
    put_city(name="After")
    assert verbs.cities.find_city("pinellas-park").city.name == "Before"
    clock.advance(timedelta(seconds=5))
    assert verbs.cities.find_city("pinellas-park").city.name == "After"


def test_a_city_that_is_not_served_is_none_until_it_is(put_city, verbs):
    assert verbs.cities.find_city("pinellas-park") is None
    put_city()
    assert verbs.cities.find_city("pinellas-park") is not None
