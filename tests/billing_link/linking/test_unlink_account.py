from billing_link.linking.unlink_account import UnlinkOutcome


def test_unlinking_twice_is_unlinking_once(served, verbs, resident, typed, audited):
    link = verbs.resolve(resident(), served, typed("004215-01", "108734", remember=True)).link
    assert verbs.unlink(resident(), served.city, link.link_id) is UnlinkOutcome.REMOVED
    assert verbs.unlink(resident(), served.city, link.link_id) is UnlinkOutcome.NOT_LINKED
    assert verbs.list_linked(resident(), served.city).accounts == []
    assert audited().count("link_removed") == 1


def test_the_mail_names_the_end_of_the_number_as_printed(served, verbs, resident, typed, queued):
    link = verbs.resolve(resident(), served, typed("004215-01", "108734", remember=True)).link
    verbs.unlink(resident(), served.city, link.link_id)
    (removed,) = [n for n in queued() if n["kind"] == "utility_account_unlinked"]
    assert removed["details"] == {"account_ending": "15-01"}


def test_a_stranger_removes_no_link(link, verbs, stranger, served, resident, queued):
    caller, city = stranger
    assert verbs.unlink(caller, city, link.link_id) is UnlinkOutcome.NOT_LINKED
    assert len(verbs.list_linked(resident("owner"), served.city).accounts) == 1
    assert [n["kind"] for n in queued()] == ["utility_account_linked"]
