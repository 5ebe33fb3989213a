"""Any text that is typed as a user code is a code or none, never an error."""

from hypothesis import given
from hypothesis import strategies as st
from identity import typed_codes

CODES = st.text(typed_codes.ALPHABET, min_size=typed_codes.LENGTH, max_size=typed_codes.LENGTH)


@given(st.text())
def test_anything_is_a_code_or_none(typed: str):
    code = typed_codes.parse(typed)
    assert code is None or (len(code) == typed_codes.LENGTH and set(code) <= set(typed_codes.ALPHABET))


@given(CODES, st.text("-_. \t\n/", max_size=5))
def test_a_code_is_read_however_it_is_separated(code: str, separator: str):
    assert typed_codes.parse(separator.join(code.lower())) == code


@given(CODES, st.sampled_from("0123456789AEIOUY"))
def test_a_character_that_no_code_has_makes_it_none(code: str, strange: str):
    assert typed_codes.parse(code + strange) is None
