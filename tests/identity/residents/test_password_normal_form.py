import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity.residents.passwords.normal_form import normal_form


@pytest.mark.parametrize(
    ("typed", "counts"),
    [
        *((mark, "'") for mark in "\u2018\u2019\u201a\u201b\u02bc\u2032\u2039\u203a\uff07"),
        *((mark, '"') for mark in "\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02"),
        *((mark, "-") for mark in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\uff0d"),
        ("--", "-"),
        ("\u2014-", "-"),
        ("\u2026", "..."),
        *((blank, " ") for blank in "\u00a0\u2002\u2009\u202f\u205f\u3000"),
    ],
)
def test_what_devices_write_differently_is_one(typed, counts):
    assert normal_form(f"seven{typed}pelicans") == f"seven{counts}pelicans"


@pytest.mark.parametrize(
    "blank", [" ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u3000", "\u200b", "\ufeff", " \u00a0\t"]
)
def test_blanks_at_either_end_do_not_count(blank):
    assert normal_form(f"{blank}seven pelicans{blank}") == "seven pelicans"


@pytest.mark.parametrize(
    "other", ["Seven pelicans", "seven  pelicans", "sevenpelicans", "seven pelicans.", "seven-pelicans"]
)
def test_everything_else_counts(other):
    assert normal_form(other) == other


@given(st.text(max_size=40))
def test_a_normal_form_is_its_own(text):
    once = normal_form(unicodedata.normalize("NFKC", text))
    assert normal_form(once) == once
