import json
from pathlib import Path

import pytest
from billing_link.billing_records.email_addresses import AddressFault, InvalidAddressError, email_key

# Read by identity's tests too: an auto-link compares an address of one service with one of the other.
TABLE = json.loads((Path(__file__).parents[2] / "email_addresses.json").read_text())["addresses"]


@pytest.mark.parametrize("row", [row for row in TABLE if "key" in row], ids=lambda row: ascii(row["text"]))
def test_addresses_are_compared_exactly_but_for_the_case_of_ascii(row):
    assert email_key(row["text"]) == row["key"]
    assert email_key(row["key"]) == row["key"]


@pytest.mark.parametrize("row", [row for row in TABLE if "fault" in row], ids=lambda row: ascii(row["text"]))
def test_what_is_not_one_address_is_refused_with_its_fault(row):
    with pytest.raises(InvalidAddressError) as raised:
        email_key(row["text"])
    assert raised.value.fault is AddressFault[row["fault"]]
    assert str(raised.value) == AddressFault[row["fault"]].value


@pytest.mark.parametrize("text", ["j" * 300 + "@example.com", "@" * 300, "j" * 100_000])
def test_what_is_too_long_is_refused(text):
    with pytest.raises(InvalidAddressError) as raised:
        email_key(text)
    assert raised.value.fault is AddressFault.TOO_LONG


def test_dots_and_tags_tell_people_apart():
    assert email_key("j.doe@example.com") != email_key("jdoe@example.com")
    assert email_key("jdoe+a@example.com") != email_key("jdoe@example.com")
