"""Values from outside: right type, bounded, printable, or not there."""

import pytest
from hypothesis import given
from hypothesis import strategies as any_
from identity.identity_providers import claims


@pytest.mark.parametrize(
    "value", [None, 7, True, [], {}, "", "no-at", "two@@example.com", "a b@example.com", " a@b.c", "a\n@b.c"]
)
def test_what_has_no_shape_of_an_address_is_none(value: object) -> None:
    assert claims.email(value) is None


def test_an_address_is_not_changed() -> None:
    assert claims.email("Grace.Morales+x@Example.COM") == "Grace.Morales+x@Example.COM"


def test_an_address_of_254_characters_is_the_longest() -> None:
    assert claims.email("a" * 242 + "@example.com")
    assert claims.email("a" * 243 + "@example.com") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [("en", "en"), ("es_MX", "es-MX"), ("pt-BR", "pt-BR"), ("<b>", None), ("x" * 36, None), (7, None)],
)
def test_a_locale_is_a_language_tag(value: object, expected: str | None) -> None:
    assert claims.locale(value) == expected


def test_methods_are_text_and_few() -> None:
    assert claims.amr(["mfa", "pwd", 7, "", "x" * 50]) == ("mfa", "pwd")
    assert claims.amr("mfa") == ()
    assert len(claims.amr(["a"] * 100)) == claims.AMR_VALUES


@given(any_.text() | any_.none() | any_.integers() | any_.lists(any_.text()))
def test_a_name_is_bounded_printable_and_trimmed(value: object) -> None:
    name = claims.name(value)
    if name is not None:
        assert 0 < len(name) <= claims.NAME_CHARACTERS
        assert name.isprintable() or any(c.isspace() for c in name)
        assert name == name.strip()
