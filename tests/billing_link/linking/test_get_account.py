from billing_link.errors import Refusal, Refused


def test_a_linked_account_is_read_in_full(served, verbs, resident, typed):
    link = verbs.resolve(resident(), served, typed("004215-01", "108734", remember=True)).link
    read = verbs.get_account(resident(), served.city, link.link_id)
    assert (read.link, read.account.statement.balance_cents) == (link, 7980)


def test_a_stranger_reads_no_account(link, verbs, stranger):
    caller, city = stranger
    assert verbs.get_account(caller, city, link.link_id) == Refused(Refusal.LINK_NOT_FOUND)
