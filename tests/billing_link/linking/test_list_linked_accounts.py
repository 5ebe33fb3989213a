from datetime import timedelta


def test_links_are_listed_oldest_first(served, verbs, resident, typed, clock):
    for account, customer in (("004217-01", "108735"), ("003990-01", "107001"), ("004215-01", "108734")):
        verbs.resolve(resident(), served, typed(account, customer, remember=True))
        clock.advance(timedelta(minutes=1))
    listed = verbs.list_linked(resident(), served.city)
    assert [a.account.account_number for a in listed.accounts] == ["004217-01", "003990-01", "004215-01"]


def test_a_stranger_sees_no_link(link, verbs, stranger):
    caller, city = stranger
    assert verbs.list_linked(caller, city).accounts == []
