"""The auto-link, at a resident's first list of a city."""

from datetime import timedelta

import pytest
from billing_link.linking.auto_link import resembles
from billing_link.linking.links import AutoLinkOutcome, Origin


@pytest.fixture
def jane(resident):
    return resident(verified_email="Jane@Example.com")


def test_exactly_one_earlier_registration_is_linked_and_announced(
    served, verbs, jane, queued, audited, clock
):
    listed = verbs.list_linked(jane, served.city)
    assert listed.auto_link_outcome is AutoLinkOutcome.LINKED
    (linked,) = listed.accounts
    assert linked.account.account_number == "004215-01"
    assert (linked.link.origin, linked.link.undo_until) == (Origin.AUTO, clock.now() + timedelta(days=7))
    (notification,) = queued()
    assert (notification["kind"], notification["subject"]) == ("utility_account_auto_linked", "jane")
    assert notification["details"] == {"account_ending": "15-01", "undo_until": "2026-11-30"}
    assert audited() == ["auto_link_decided", "link_made", "records_imported"]


def test_it_happens_once(served, verbs, jane, queued):
    first = verbs.list_linked(jane, served.city)
    assert verbs.list_linked(jane, served.city) == first
    assert len(queued()) == 1


def test_several_registrations_link_none(served, verbs, resident, queued):
    listed = verbs.list_linked(resident(verified_email="john@example.com"), served.city)
    assert (listed.accounts, listed.auto_link_outcome) == ([], AutoLinkOutcome.AMBIGUOUS)
    assert queued() == []


@pytest.mark.parametrize("email", ["nobody@example.com", "ended@example.com", "jane+x@example.com"])
def test_no_registration_or_an_ended_account_links_none(served, verbs, resident, email):
    listed = verbs.list_linked(resident(verified_email=email), served.city)
    assert (listed.accounts, listed.auto_link_outcome) == ([], AutoLinkOutcome.NONE)


def test_an_address_that_is_not_verified_is_not_tried_and_not_remembered(served, verbs, resident, jane):
    assert verbs.list_linked(resident(), served.city).auto_link_outcome is AutoLinkOutcome.NOT_TRIED
    assert verbs.list_linked(jane, served.city).auto_link_outcome is AutoLinkOutcome.LINKED


@pytest.mark.parametrize("policy", [{"auto_link": "off"}, {"linking": False}])
def test_a_city_may_switch_it_off(served, put_city, verbs, jane, policy):
    city = put_city(**policy).city
    assert verbs.list_linked(jane, city).auto_link_outcome is AutoLinkOutcome.NOT_TRIED


def test_none_is_final_even_if_a_registration_comes_later(served, import_records, verbs, resident):
    late = resident(verified_email="late@example.com")
    assert verbs.list_linked(late, served.city).auto_link_outcome is AutoLinkOutcome.NONE
    import_records(served, "registration,004216-02,108735,,,,,,,,,,,,,late@example.com")
    assert verbs.list_linked(late, served.city).auto_link_outcome is AutoLinkOutcome.NONE


def test_an_address_makes_one_link_a_day(served, verbs, resident, jane, queued, clock):
    assert verbs.list_linked(jane, served.city).auto_link_outcome is AutoLinkOutcome.LINKED
    second = resident("second", verified_email="jane@example.com")
    clock.advance(timedelta(hours=23, minutes=59))
    listed = verbs.list_linked(second, served.city)
    assert (listed.accounts, listed.auto_link_outcome) == ([], AutoLinkOutcome.NOT_TRIED)
    assert len(queued()) == 1
    clock.advance(timedelta(minutes=1))
    assert verbs.list_linked(second, served.city).auto_link_outcome is AutoLinkOutcome.LINKED


def test_an_undone_link_counts_too(served, verbs, resident, jane):
    (linked,) = verbs.list_linked(jane, served.city).accounts
    verbs.unlink(jane, served.city, linked.link.link_id)
    second = resident("second", verified_email="JANE@example.com")
    assert verbs.list_linked(second, served.city).auto_link_outcome is AutoLinkOutcome.NOT_TRIED


def test_a_search_that_linked_none_does_not_count(served, import_records, verbs, resident):
    first = resident("first", verified_email="late@example.com")
    assert verbs.list_linked(first, served.city).auto_link_outcome is AutoLinkOutcome.NONE
    import_records(served, "registration,004216-02,108735,,,,,,,,,,,,,late@example.com")
    second = resident("second", verified_email="late@example.com")
    assert verbs.list_linked(second, served.city).auto_link_outcome is AutoLinkOutcome.LINKED


def test_undone_stays_undone(served, verbs, jane, queued):
    (linked,) = verbs.list_linked(jane, served.city).accounts
    verbs.unlink(jane, served.city, linked.link.link_id)
    listed = verbs.list_linked(jane, served.city)
    assert (listed.accounts, listed.auto_link_outcome) == ([], AutoLinkOutcome.UNDONE)
    assert [n["kind"] for n in queued()] == ["utility_account_auto_linked", "utility_account_unlinked"]


def test_undone_after_the_week_stays_undone_too(served, verbs, jane, clock):
    (linked,) = verbs.list_linked(jane, served.city).accounts
    clock.advance(timedelta(days=30))
    verbs.unlink(jane, served.city, linked.link.link_id)
    assert verbs.list_linked(jane, served.city).auto_link_outcome is AutoLinkOutcome.UNDONE


def test_an_undone_account_can_be_added_by_number(served, verbs, jane, typed):
    (linked,) = verbs.list_linked(jane, served.city).accounts
    verbs.unlink(jane, served.city, linked.link.link_id)
    verbs.resolve(jane, served, typed("004215-01", "108734", remember=True))
    listed = verbs.list_linked(jane, served.city)
    assert [a.link.origin for a in listed.accounts] == [Origin.RESIDENT]
    assert listed.auto_link_outcome is AutoLinkOutcome.UNDONE


def test_an_account_that_the_resident_has_linked_already_is_not_announced(served, verbs, jane, typed, queued):
    verbs.resolve(jane, served, typed("004215-01", "108734", remember=True))
    (linked,) = verbs.list_linked(jane, served.city).accounts
    assert (linked.link.origin, linked.link.undo_until) == (Origin.RESIDENT, None)
    assert [n["kind"] for n in queued()] == ["utility_account_linked"]


def test_an_exclusive_account_of_another_resident_is_not_linked(
    served, put_city, verbs, resident, jane, typed
):
    exclusive = put_city(exclusive=True)
    verbs.resolve(resident("first"), exclusive, typed("004215-01", "108734", remember=True))
    assert verbs.list_linked(jane, exclusive.city).auto_link_outcome is AutoLinkOutcome.NONE


def test_the_name_must_resemble_where_the_city_asks_so(served, put_city, verbs, resident):
    careful = put_city(auto_link="email+name").city
    stranger = resident("stranger", verified_email="jane@example.com", given_name="Bob", family_name="Other")
    assert verbs.list_linked(stranger, careful).auto_link_outcome is AutoLinkOutcome.NONE
    same = resident("jane", verified_email="jane@example.com", given_name="Jané", family_name="EXAMPLE")
    assert verbs.list_linked(same, careful).auto_link_outcome is AutoLinkOutcome.LINKED


def test_each_city_is_searched_by_itself(served, put_city, verbs, jane):
    other = put_city(id="other-city").city
    assert verbs.list_linked(jane, other).auto_link_outcome is AutoLinkOutcome.NONE
    assert verbs.list_linked(jane, served.city).auto_link_outcome is AutoLinkOutcome.LINKED


@pytest.mark.parametrize(
    ("registered", "given", "family", "same"),
    [
        ("Jane Doe", "Jane", "Doe", True),
        ("DOE, JANE A", "jane", "doe", True),
        ("J. Doe & K. Doe", "Jane", "Doe", True),
        (
            "Jos\N{LATIN SMALL LETTER E WITH ACUTE} Nu\N{LATIN SMALL LETTER N WITH TILDE}ez",
            "Jose",
            "Nunez",
            True,
        ),
        ("Maria de la Cruz", "Maria Elena", "de la Cruz", True),
        ("Sean O'Neil", "Sean", "O\N{RIGHT SINGLE QUOTATION MARK}Neil", True),
        ("John Smith", "Jane", "Doe", False),
        ("John Doe", "Mary", "Doe", False),
        ("Doe Rentals LLC", "Jane", "Doe", False),
        ("Jane Doe", "", "Doe", False),
        ("", "Jane", "Doe", False),
    ],
)
def test_names_that_may_be_the_same_person(registered, given, family, same):
    assert resembles(registered, given, family) is same
