"""Bad input and attacks on the way to a provider and back, each against the simulated one."""

from datetime import timedelta

import pytest
from identity.journeys.federation.models import FederationAttempt
from identity.residents.accounts.models import SignInMethod
from sqlalchemy import select

NOT_OURS = "This sign-in cannot be finished"
PROVIDERS = [("google", "grace"), ("apple", "rosa"), ("microsoft", "patricia"), ("facebook", "felix")]


@pytest.fixture
def is_refused(residents, live_sessions):
    """Return a function that checks that the response starts no session."""

    def check(page, title=NOT_OURS):
        assert page.title == title
        assert residents() == []
        assert live_sessions() == []
        return True

    return check


@pytest.mark.parametrize(("provider", "person"), PROVIDERS)
class TestState:
    def test_missing(self, traveller, is_refused, provider, person):
        answer = traveller.pick(traveller.leave(provider), person)
        assert is_refused(traveller.come_back(answer.with_(state=None)))

    def test_made_up(self, traveller, is_refused, provider, person):
        answer = traveller.pick(traveller.leave(provider), person)
        assert is_refused(traveller.come_back(answer.with_(state="made-up")))

    def test_of_another_browser(self, traveller, make_traveller, is_refused, provider, person):
        """Sign-in CSRF: an attacker's answer in the victim's browser, also one that has left itself."""
        victim = make_traveller()
        answer = traveller.pick(traveller.leave(provider), person)
        assert is_refused(victim.come_back(answer))
        victim.leave(provider)
        assert is_refused(victim.come_back(answer))

    def test_used(self, traveller, make_browser, provider, person, live_sessions):
        answer = traveller.pick(traveller.leave(provider), person)
        traveller.come_back(answer)
        before = len(live_sessions())
        traveller.browser.client.delete_cookie("session")
        assert traveller.come_back(answer).title == NOT_OURS
        assert len(live_sessions()) == before

    def test_expired(self, traveller, is_refused, clock, provider, person):
        answer = traveller.pick(traveller.leave(provider), person)
        clock.advance(timedelta(minutes=10))
        assert is_refused(traveller.come_back(answer))

    def test_given_twice(self, traveller, is_refused, provider, person):
        answer = traveller.pick(traveller.leave(provider), person)
        query = f"state={answer.params['state']}&state={answer.params['state']}&code={answer.params['code']}"
        assert is_refused(traveller.browser.open(f"{answer.path}?{query}"))

    def test_spent_by_a_wrong_answer_of_the_same_browser(self, traveller, is_refused, provider, person):
        answer = traveller.pick(traveller.leave(provider), person)
        traveller.come_back(answer.with_(code="made-up"))
        assert is_refused(traveller.come_back(answer))


def test_the_way_back_is_kept_for_the_browser_that_left(traveller, clock, at):
    answer = traveller.pick(traveller.leave("google", at("/sign-in")), "grace")
    clock.advance(timedelta(minutes=10))
    page = traveller.come_back(answer)
    assert "continue=" in page.link("Back to sign in")
    page = traveller.come_back(traveller.pick(traveller.press("google"), "grace"))
    assert page.hops[-1] == "/help"


def test_back_after_success_leads_on(traveller, at):
    answer = traveller.pick(traveller.leave("google", at("/sign-in")), "grace")
    traveller.come_back(answer)
    assert traveller.come_back(answer).hops[-1] == "/help"


@pytest.mark.parametrize(("provider", "person"), PROVIDERS)
def test_an_injected_code_is_refused(traveller, make_traveller, is_refused, provider, person):
    """The attacker's own browser gets the victim's code: nonce or PKCE bind it to the victim's attempt."""
    stolen = traveller.pick(traveller.leave(provider), person)
    attacker = make_traveller()
    own = attacker.pick(attacker.leave(provider), person)
    assert is_refused(attacker.come_back(own.with_(code=stolen.params["code"])))


@pytest.mark.parametrize("elsewhere", ["apple", "microsoft", "facebook", "logingov"])
def test_mix_up_an_answer_at_another_providers_callback_is_refused(
    traveller, is_refused, behaviours, elsewhere
):
    answer = traveller.pick(traveller.leave("google"), "grace")
    assert is_refused(traveller.come_back(answer.at(elsewhere)))
    key = "openid" if elsewhere == "logingov" else elsewhere
    assert behaviours[key].calls["token"] == 0


def test_an_answer_that_names_another_issuer_is_refused(traveller, is_refused, behaviours):
    answer = traveller.pick(traveller.leave("google"), "grace")
    assert is_refused(traveller.come_back(answer.with_(iss="https://accounts.example.com")))
    assert behaviours["google"].calls["token"] == 0


def test_a_wrong_nonce_is_refused(traveller, is_refused, behaviours):
    behaviours["google"].claims = {"nonce": "of another sign-in"}
    assert is_refused(traveller.sign_in("google", "grace"))


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another-client"},
        {"iss": "https://accounts.example.com"},
        {"exp": 1},
        {"sub": None},
    ],
    ids=["aud", "iss", "exp", "sub"],
)
def test_an_id_token_that_is_not_for_us_is_refused(traveller, is_refused, behaviours, claims):
    behaviours["google"].claims = claims
    assert is_refused(traveller.sign_in("google", "grace"))


@pytest.mark.parametrize("signing", ["none", "hs256", "foreign_key", "unknown_key"])
def test_an_id_token_that_the_provider_did_not_sign_is_refused(traveller, is_refused, behaviours, signing):
    behaviours["google"].signing = signing
    assert is_refused(traveller.sign_in("google", "grace"))


class TestAnotherPersonsAddress:
    """Grace has an account. Her unverified address gives neither access to it nor a sign that it exists."""

    @pytest.fixture
    def grace(self, add_resident):
        return add_resident("grace.morales@gmail.com", sign_in_method=SignInMethod.GOOGLE)

    @pytest.mark.parametrize(
        ("provider", "person"), [("microsoft", "mallory"), ("facebook", "eve"), ("google", "ursula")]
    )
    def test_opens_nothing(self, grace, traveller, behaviours, residents, live_sessions, provider, person):
        if provider == "google":
            behaviours["google"].claims = {"email": "grace.morales@gmail.com", "email_verified": False}
        page = traveller.sign_in(provider, person)
        assert page.title == "Verification email sent"
        assert [resident.id for resident in residents()] == [grace.id]
        assert live_sessions() == []

    def test_apples_unsigned_user_field_decides_nothing(self, grace, traveller, residents, live_sessions):
        answer = traveller.pick(traveller.leave("apple"), "mina")
        forged = '{"name": {"firstName": "Grace", "lastName": "M"}, "email": "grace.morales@gmail.com"}'
        page = traveller.come_back(answer.with_(user=forged))
        assert page.title == "One more step"
        assert page.form("Continue")[1]["email"] == ""
        assert [resident.id for resident in residents()] == [grace.id]
        assert live_sessions() == []

    def test_an_address_proved_by_the_provider_cannot_be_replaced_by_hand(
        self, traveller, behaviours, residents
    ):
        behaviours["google"].claims = {"given_name": None}
        traveller.sign_in("google", "walter")
        traveller.browser.press("Continue", first_name="W", last_name="R", email="grace.morales@gmail.com")
        assert [resident.email for resident in residents()] == ["walter@example.com"]


def test_consent_denied_says_so_with_the_way_back(traveller, is_refused, at):
    for provider in ("google", "apple", "microsoft", "facebook", "logingov"):
        page = traveller.sign_in(provider, None, at("/sign-in"))
        assert page.status == 200
        assert is_refused(page, "You are not signed in")
        assert "continue=" in page.link("Back to sign in")


class TestSessionFixation:
    def test_a_planted_session_is_not_the_residents(
        self, traveller, make_browser, add_resident, live_sessions
    ):
        traveller.browser.client.set_cookie("session", "planted-by-an-attacker")
        traveller.sign_in("google", "grace")
        assert traveller.browser.cookie("session") != "planted-by-an-attacker"
        attacker = make_browser()
        attacker.client.set_cookie("session", "planted-by-an-attacker")
        assert attacker.open("/profile").title == "Sign in to community access services."

    def test_the_attackers_own_session_ends_in_that_browser(
        self, traveller, make_traveller, live_sessions, residents
    ):
        attacker = make_traveller()
        attacker.sign_in("google", "walter")
        traveller.browser.client.set_cookie("session", attacker.browser.cookie("session"))
        page = traveller.sign_in("google", "grace", "/sign-in?show=form")
        assert "Grace Morales" in page.main
        (live,) = live_sessions()
        assert live.resident_id == next(r.id for r in residents() if r.given_name == "Grace")
        assert attacker.browser.open("/profile").title == "Sign in to community access services."

    def test_the_csrf_token_changes_too(self, traveller):
        traveller.browser.open("/sign-in")
        before = traveller.browser.page.form("Sign in")[1]["csrf_token"]
        traveller.sign_in("google", "grace")
        traveller.browser.post("/profile/sessions/end-others", {"csrf_token": before})
        assert "You are signed out everywhere else." not in traveller.browser.page.main


class TestTheStart:
    def test_needs_our_own_form(self, browser, count):
        page = browser.post("/sign-in/google", {})
        assert page.title == "Sign in to community access services."
        assert "Your session has expired." in page.main
        assert count(FederationAttempt) == 0

    def test_is_refused_to_another_site_whatever_token_it_sends(self, browser, count):
        fields = browser.open("/sign-in").form("Sign in with Google")[1]
        browser.post("/sign-in/google", fields, **{"Sec-Fetch-Site": "cross-site"})
        assert count(FederationAttempt) == 0

    def test_is_nothing_that_a_link_can_do(self, browser, count):
        assert browser.open("/sign-in/google").title == "Sign in to community access services."
        assert count(FederationAttempt) == 0

    def test_of_an_unknown_provider_is_not_found(self, browser):
        fields = browser.open("/sign-in").form("Sign in with Google")[1]
        assert browser.post("/sign-in/myspace", fields).status == 404
        assert browser.open("/sign-in/myspace").status == 404
        assert browser.open("/sign-in/myspace/callback?state=x&code=y").status == 404

    def test_is_limited_for_each_network(self, settings, make_browser, count):
        browser = make_browser()
        fields = browser.open("/sign-in").form("Sign in with Google")[1]
        for _ in range(settings.sign_ins_per_minute + 1):
            browser.post("/sign-in/google", fields)
        assert "You exceeded the maximum number of requests." in browser.page.main
        assert count(FederationAttempt) == settings.sign_ins_per_minute


def test_the_row_holds_no_secret_that_could_be_read(traveller, storage):
    url = traveller.leave("google")
    with storage.transaction() as tx:
        (attempt,) = tx.scalars(select(FederationAttempt))
    state, nonce = (url.split(f"{name}=")[1].split("&")[0] for name in ("state", "nonce"))
    stored = " ".join(str(value) for value in vars(attempt).values())
    assert state not in stored
    assert nonce not in stored


def test_a_posted_answer_is_kept_once(traveller, app, is_refused):
    """A known `state` cannot be used to replace the first response."""
    answer = traveller.pick(traveller.leave("apple"), "rosa")
    stranger = app.test_client()
    stranger.post(answer.path, data=answer.params)
    stranger.post(answer.path, data=answer.params | {"code": "made-up"})
    page = traveller.browser.open(f"{answer.path}?state={answer.params['state']}")
    assert page.title == "Your profile"


def test_a_posted_answer_alone_signs_nobody_in(traveller, app, is_refused):
    answer = traveller.pick(traveller.leave("apple"), "rosa")
    response = app.test_client().post(answer.path, data=answer.params, follow_redirects=True)
    assert NOT_OURS in response.get_data(as_text=True)
