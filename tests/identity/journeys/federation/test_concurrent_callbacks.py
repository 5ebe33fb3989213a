"""Two first sign-ins of one person in the same instant: exactly one resident, and both are in."""

import threading

import pytest
from identity.residents.federated_identities.models import FederatedIdentity

AT_ONCE = 4


@pytest.fixture
def all_at_once():
    """Return a function that runs deeds in threads that start together and returns their results."""

    def run(deeds):
        barrier, results = threading.Barrier(len(deeds)), []

        def one(deed):
            barrier.wait()
            results.append(deed())

        threads = [threading.Thread(target=one, args=(deed,)) for deed in deeds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(results) == len(deeds)
        return results

    return run


@pytest.mark.parametrize(("provider", "person"), [("google", "grace"), ("microsoft", "patricia")])
def test_two_first_sign_ins_at_once(
    make_traveller, all_at_once, residents, count, live_sessions, provider, person
):
    travellers = [make_traveller() for _ in range(AT_ONCE)]
    answers = [traveller.pick(traveller.leave(provider), person) for traveller in travellers]
    pages = all_at_once([lambda t=t, a=a: t.come_back(a) for t, a in zip(travellers, answers, strict=True)])
    assert [page.title for page in pages] == ["Your profile"] * AT_ONCE
    assert len(residents()) == 1
    assert count(FederatedIdentity) == 1
    assert len(live_sessions()) == AT_ONCE


def test_one_answer_brought_several_times_at_once_opens_one_session(
    traveller, app, all_at_once, live_sessions, residents
):
    answer = traveller.pick(traveller.leave("google"), "grace")
    cookies = {name: traveller.browser.cookie(name) for name in ("registration", "page")}

    def bring():
        client = app.test_client()
        for name, value in cookies.items():
            if value:
                client.set_cookie(name, value)
        return client.get(answer.path, query_string=answer.params).location

    where = all_at_once([bring] * AT_ONCE)
    assert sorted("not-signed-in" in location for location in where) == [False, True, True, True]
    assert len(live_sessions()) == 1
    assert len(residents()) == 1


def test_one_link_clicked_several_times_at_once_makes_one_resident(
    traveller, app, all_at_once, mailbox, residents
):
    traveller.sign_in("facebook", "felix")
    mail = mailbox.newest("felix@example.net", "verify_first_sign_in")
    fields = traveller.browser.open(mail.link).form("Verify registration")[1]
    cookies = {name: traveller.browser.cookie(name) for name in ("registration", "page")}

    def click():
        client = app.test_client()
        for name, value in cookies.items():
            client.set_cookie(name, value or "")
        return client.post(mail.link, data=fields).status_code

    assert set(all_at_once([click] * AT_ONCE)) <= {200, 303}
    assert len(residents()) == 1
