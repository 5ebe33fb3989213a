"""Any text that is typed as a user code is a code or none, never an error."""

from hypothesis import given
from hypothesis import strategies as st
from identity.oidc.device import user_codes

CODES = st.text(user_codes.ALPHABET, min_size=user_codes.LENGTH, max_size=user_codes.LENGTH)


@given(st.text())
def test_anything_is_a_code_or_none(typed: str):
    code = user_codes.parse(typed)
    assert code is None or (len(code) == user_codes.LENGTH and set(code) <= set(user_codes.ALPHABET))


@given(CODES, st.text("-_. \t\n/", max_size=5))
def test_a_code_is_read_however_it_is_separated(code: str, separator: str):
    assert user_codes.parse(separator.join(code.lower())) == code


@given(CODES, st.sampled_from("0123456789AEIOUY"))
def test_a_character_that_no_code_has_makes_it_none(code: str, strange: str):
    assert user_codes.parse(code + strange) is None
