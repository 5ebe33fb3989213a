import re

import pytest
from billing_link.billing_records.port import Pair
from billing_link.linking.number_formats import BillNumbers, NumberFormat, Order, Segment
from hypothesis import given
from hypothesis import strategies as st

SIX = Segment(1, 6)
PINELLAS = BillNumbers(NumberFormat((SIX, Segment(1, 2))), NumberFormat((SIX,)))
FORMATS = {
    "pinellas": NumberFormat((SIX, Segment(1, 2))),
    "highland park": NumberFormat((Segment(1, 2), Segment(1, 4), Segment(1, 2))),
    "gainesville": NumberFormat((Segment(1, 2), Segment(1, 7)), optional_suffix=3),
    "maumee": NumberFormat((Segment(1, 5), Segment(1, 2)), separator="."),
    "cumberland": NumberFormat((Segment(1, 8),), optional_suffix=1),
    "free": NumberFormat((Segment(3, 8, padded=False, letters=True),)),
}


@pytest.mark.parametrize(
    "typed",
    [
        "004215-01",
        " 004215-01 ",
        "004215 - 01",
        "004215\N{EN DASH}01",
        "004215\N{EM DASH}01",
        "004215\N{HYPHEN}01",
        "004215\N{NON-BREAKING HYPHEN}01",
        "004215\N{MINUS SIGN}01",
        "004215\N{FULLWIDTH HYPHEN-MINUS}01",
        "004215\N{NO-BREAK SPACE}-\N{NO-BREAK SPACE}01",
        "0042\N{SOFT HYPHEN}15-01",
        "\N{ZERO WIDTH SPACE}004215-01\t\n",
        "4215-1",
        "0004215-001",
        "00421501",
        "421501",
        "004215.01",
        "004215/01",
        "004215--01-",
        "\N{FULLWIDTH DIGIT FOUR}215-01",
    ],
)
def test_an_account_number_is_the_same_however_it_is_typed(typed):
    assert PINELLAS.account_number_key(typed) == "004215-01"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "-",
        "4215-x",
        "1234567-01",
        "4215-123",
        "1-2-3",
        "004215-01\N{ARABIC-INDIC DIGIT ONE}",
        "½-01",
        "4" * 64,
    ],
)
def test_what_cannot_be_an_account_number_is_none(typed):
    assert PINELLAS.account_number_key(typed) is None


@pytest.mark.parametrize(
    ("city", "typed", "key"),
    [
        ("gainesville", "00-1234567", "00-1234567"),
        ("gainesville", "000-1234567-005", "00-1234567"),
        ("gainesville", "001234567", "00-1234567"),
        ("gainesville", "001234567005", "00-1234567"),
        ("cumberland", "12345-1", "00012345"),
        ("cumberland", "12345", "00012345"),
        ("highland park", "01-0101-01", "01-0101-01"),
        ("highland park", "1-101-1", "01-0101-01"),
        ("highland park", "01010101", "01-0101-01"),
        ("highland park", "01-010101", "01-0101-01"),
        ("highland park", "1-010101", None),
        ("maumee", "1234.5", "01234.05"),
        ("maumee", "01234.05", "01234.05"),
        ("maumee", "1234-5", "01234.05"),
        ("free", "ab1", "AB1"),
        ("free", "0012", "0012"),
        ("free", "12", None),
        ("free", "123456789", None),
    ],
)
def test_the_forms_that_cities_really_print(city, typed, key):
    assert FORMATS[city].key(typed) == key


@pytest.mark.parametrize(
    ("account", "customer"),
    [
        ("004215-01", "108734"),
        ("004215-01 - 108734", ""),
        ("", "004215-01 - 108734"),
        ("00421501-108734", " "),
        ("4215-1-108734", "108734"),
        ("004215-01", "004215-01-108734"),
        ("004215-01-108734", "004215-01-108734"),
    ],
)
def test_both_numbers_may_stand_in_either_field(account, customer):
    assert PINELLAS.pair(account, customer) == Pair("004215-01", "108734")


@pytest.mark.parametrize(
    ("account", "customer"),
    [("004215-01 - 108734", "108735"), ("004215-01", ""), ("", ""), ("1-2-3-4-5", "")],
)
def test_fields_that_contradict_each_other_are_no_pair(account, customer):
    assert PINELLAS.pair(account, customer) is None


def test_a_city_may_print_the_customer_first():
    pasco = BillNumbers(NumberFormat((Segment(1, 7),)), NumberFormat((Segment(1, 8),)), Order.CUSTOMER_FIRST)
    assert pasco.pair("12345678 - 7654321", "") == Pair("7654321", "12345678")


def any_number(number_format):
    """Return texts in normal form."""
    segments = [
        st.text(
            "0123456789AZ" if s.letters else "0123456789",
            min_size=s.most if s.padded else s.least,
            max_size=s.most,
        )
        for s in number_format.segments
    ]
    return st.tuples(*segments).map(number_format.separator.join)


@pytest.mark.parametrize("city", FORMATS)
@given(data=st.data())
def test_the_normal_form_is_its_own_normal_form(city, data):
    key = data.draw(any_number(FORMATS[city]))
    assert FORMATS[city].key(key) == key


@pytest.mark.parametrize("city", FORMATS)
@given(data=st.data())
def test_every_printed_form_finds_its_account(city, data):
    number_format = FORMATS[city]
    key = data.draw(any_number(number_format))
    typed = key
    if data.draw(st.booleans(), label="other dashes"):
        typed = typed.replace(
            "-",
            data.draw(st.sampled_from([" - ", "\N{EN DASH}", "\N{EM DASH}", "\N{MINUS SIGN}", "\u00a0-"])),
        )
    if data.draw(st.booleans(), label="missing zeros"):
        parts = re.split(r"[-.]", key)
        shown = [
            part.lstrip("0") or "0" if s.padded else part
            for part, s in zip(parts, number_format.segments, strict=True)
        ]
        typed = "-".join(shown)
    if data.draw(st.booleans(), label="lower case"):
        typed = typed.lower()
    assert number_format.key(f" {typed}\u00a0") == key


@pytest.mark.parametrize("city", FORMATS)
@given(typed=st.text(max_size=64))
def test_anything_typed_gives_a_normal_form_or_none(city, typed):
    key = FORMATS[city].key(typed)
    assert key is None or FORMATS[city].key(key) == key
