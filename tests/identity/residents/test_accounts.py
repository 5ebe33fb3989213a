import json
from pathlib import Path

import pytest
from identity.residents.accounts import addresses
from identity.residents.accounts.addresses import InvalidAddressError
from identity.residents.accounts.models import Resident, SignInMethod
from identity.residents.accounts.store import Accounts, AddressTakenError

# Read by billing_link's tests too: an auto-link compares an address of one service with one of the other.
TABLE = json.loads((Path(__file__).parents[2] / "email_addresses.json").read_text())["addresses"]


def is_read(row):
    return "key" in row and row.get("identity", True)


@pytest.mark.parametrize("row", [row for row in TABLE if is_read(row)], ids=lambda row: ascii(row["text"]))
def test_addresses_are_compared_exactly_but_for_the_case_of_ascii(row):
    assert addresses.parse(row["text"]).key == row["key"]


@pytest.mark.parametrize(
    "row", [row for row in TABLE if not is_read(row)], ids=lambda row: ascii(row["text"])
)
def test_what_is_not_one_address_that_mail_reaches_is_refused(row):
    with pytest.raises(InvalidAddressError):
        addresses.parse(row["text"])


@pytest.mark.parametrize(
    ("typed", "display", "key"),
    [
        ("jane@example.com", "jane@example.com", "jane@example.com"),
        ("  Jane.Doe@Example.COM ", "Jane.Doe@example.com", "jane.doe@example.com"),
        ("JANE+bills@example.com", "JANE+bills@example.com", "jane+bills@example.com"),
        ("jane@b\u00fccher.example.com", "jane@b\u00fccher.example.com", "jane@xn--bcher-kva.example.com"),
    ],
)
def test_an_address_is_kept_as_typed_and_compared_in_one_form(typed, display, key):
    address = addresses.parse(typed)
    assert (address.display, address.key) == (display, key)


def test_dots_and_tags_tell_addresses_apart():
    keys = {addresses.parse(f"{local}@gmail.com").key for local in ("janedoe", "jane.doe", "janedoe+city")}
    assert len(keys) == 3


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "jane",
        "@example.com",
        "jane@",
        "jane@example",
        "jane doe@example.com",
        "jane@@example.com",
        "jane@example.com\nBcc: all@example.com",
        "jane@example.com, john@example.com",
        "Jane <jane@example.com>",
        '"jane doe"@example.com',
        "ja\x00ne@example.com",
        "josé@example.com",
        "jane@[127.0.0.1]",
        "j" * 65 + "@example.com",
        "jane@" + "a" * 60 + ("." + "b" * 60) * 4 + ".com",
        "j" * 100_000,
    ],
)
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(InvalidAddressError):
        addresses.parse(typed)


def test_a_resident_is_found_by_identifier_and_by_address(storage, add_resident, now):
    jane = add_resident("Jane@Example.com", city_id="pinellas-park")
    with storage.transaction() as tx:
        found = Accounts(tx).by_email_key("jane@example.com")
        assert found is not None
        assert Accounts(tx).get(jane.id) is found
        assert Accounts(tx).get("somebody") is None
        assert Accounts(tx).by_email_key("john@example.com") is None
    assert found.id == jane.id
    assert (found.email, found.email_key, found.email_verified_at) == (
        "Jane@example.com",
        "jane@example.com",
        now,
    )
    assert found.sign_in_method is not None
    assert found.city_id == "pinellas-park"


def test_one_address_belongs_to_one_resident_and_the_transaction_goes_on(storage, add_resident):
    add_resident("jane@example.com")
    with pytest.raises(AddressTakenError):
        add_resident("JANE@example.com")
    with storage.transaction() as tx:
        assert tx.query(Resident).count() == 1


def test_residents_without_an_address_do_not_collide(add_resident):
    one = add_resident(address=None, sign_in_method=SignInMethod.FACEBOOK)
    other = add_resident(address=None, sign_in_method=SignInMethod.FACEBOOK)
    assert one.id != other.id
    assert one.email_verified_at is None


def test_an_address_that_is_not_verified_says_so(add_resident):
    assert add_resident(address_verified=False).email_verified_at is None


def test_name_and_language_can_change(storage, add_resident):
    jane = add_resident()
    with storage.transaction() as tx:
        Accounts(tx).rename(jane.id, "Juana", "García")
        Accounts(tx).set_language(jane.id, "es")
    with storage.transaction() as tx:
        changed = Accounts(tx).get(jane.id)
    assert (changed.given_name, changed.family_name, changed.language) == ("Juana", "García", "es")
