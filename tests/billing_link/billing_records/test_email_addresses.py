import pytest
from billing_link.billing_records.email_addresses import email_key


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("Jane.Doe@Example.COM", "jane.doe@example.com"),
        (" jane@example.com\n", "jane@example.com"),
        ("jane+bills@example.com", "jane+bills@example.com"),
        ("jane@b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example", "jane@xn--bcher-kva.example"),
        ("jane@XN--BCHER-KVA.example", "jane@xn--bcher-kva.example"),
        ("jane@localhost", "jane@localhost"),
    ],
)
def test_addresses_are_compared_in_one_form(address, key):
    assert email_key(address) == key
    assert email_key(key) == key


@pytest.mark.parametrize(
    "address",
    ["", "jane", "@example.com", "jane@", "jane@-x-.com", "ja ne@example.com", "jane@example", "j" * 300],
)
def test_what_is_no_address_has_no_key(address):
    assert email_key(address) is None


def test_dots_and_tags_tell_people_apart():
    assert email_key("j.doe@example.com") != email_key("jdoe@example.com")
    assert email_key("jdoe+a@example.com") != email_key("jdoe@example.com")
