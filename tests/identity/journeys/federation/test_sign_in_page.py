"""The buttons: which, in which order and words, for which city; and the method that was used last."""

import dataclasses

import pytest
from identity.app import create_app
from identity.errors import SettingsError

RULE = (
    "If you choose a community access service (Google, Apple, Microsoft, Facebook, or Login.gov), you must"
    " always sign in using that option in the future. You will also not have the option to change your"
    " password on this site, as your password will be managed through the service you select."
)


def test_the_page_has_the_guides_labels_in_the_guides_order(browser, at):
    page = browser.open(at("/sign-in"))
    assert page.main == (
        "Sign in to community access services. Sign in with Google Sign in with Apple Sign in with Microsoft"
        f" Sign in with Facebook Sign in with Login.gov {RULE} OR Email address Password Show password"
        " Remember me Sign in Forgot password? Unlock account? Help Don't have an account? Sign up"
    )


def test_the_buttons_speak_spanish(browser):
    assert "Iniciar sesión con Google" in browser.open("/sign-in?lang=es").main


def test_pages_still_load_and_send_only_what_is_ours(browser):
    page = browser.open("/sign-in")
    policy = page.response.headers["Content-Security-Policy"]
    assert "form-action 'self'" in policy
    assert "img-src 'self'" in policy
    assert "127.0.0.1" not in policy


def test_the_way_to_the_provider_is_a_page_that_leads_on_by_itself(traveller):
    """No redirect of the form: `form-action` would bind every site that the provider leads over."""
    url = traveller.leave("google")
    page = traveller.browser.page
    assert page.status == 200
    assert '<meta http-equiv="refresh" content="0; url=http' in page.source
    assert url.startswith("http://127.0.0.1")
    assert page.response.headers["Referrer-Policy"] == "no-referrer"


class TestACityMayOfferFewer:
    @pytest.fixture
    def city(self, city, request):
        return dataclasses.replace(city, sign_in_methods=request.param)

    @pytest.mark.parametrize("city", [("apple", "google")], indirect=True)
    def test_it_names_them(self, browser, at):
        page = browser.open(at("/sign-in"))
        assert page.main.startswith(
            "Sign in to community access services. Sign in with Google Sign in with Apple If you choose a"
            " community access service (Google or Apple),"
        )

    @pytest.mark.parametrize("city", [()], indirect=True)
    def test_none_leaves_the_password_alone(self, browser, at):
        page = browser.open(at("/sign-in"))
        assert page.main.startswith("Sign in to community access services. Email address Password")
        assert " OR " not in page.main

    @pytest.mark.parametrize("city", [("google",)], indirect=True)
    def test_the_start_keeps_to_it_too(self, browser, at):
        action, fields = browser.open(at("/sign-in")).form("Sign in with Google")
        assert browser.post(action.replace("google", "apple"), fields).status == 404
        assert browser.post(action, fields).title == "Continue to Google"

    @pytest.mark.parametrize("city", [("google",)], indirect=True)
    def test_whoever_comes_by_themselves_sees_all(self, browser):
        assert "Sign in with Facebook" in browser.open("/sign-in").main


class TestTheMethodThatWasUsedLast:
    def test_is_marked_on_this_device(self, traveller, make_browser):
        traveller.sign_in("google", "grace")
        page = traveller.browser.open("/sign-in?show=form")
        assert "Sign in with Google Used last on this device Sign in with Apple" in page.main
        assert 'aria-describedby="last-used"' in page.source
        assert "Used last" not in make_browser().open("/sign-in").main

    def test_is_the_password_after_a_password(self, browser, resident):
        browser.sign_in("jane@example.com")
        page = browser.open("/sign-in?show=form")
        assert "Remember me Sign in Used last on this device Forgot password?" in page.main

    def test_survives_signing_out_and_names_nobody(self, traveller):
        traveller.sign_in("google", "grace")
        traveller.browser.open("/sign-out")
        page = traveller.browser.press("Sign out")
        assert "Used last on this device" in traveller.browser.open("/sign-in").main
        assert traveller.browser.cookie("last_method") == "google"
        assert page.status == 200

    def test_is_nothing_that_a_cookie_can_make_up(self, browser):
        browser.client.set_cookie("last_method", "<b>made up</b>")
        page = browser.open("/sign-in")
        assert "made up" not in page.source
        assert "Used last" not in page.main


def test_half_set_credentials_stop_the_start(settings, clock, monkeypatch):
    monkeypatch.setenv("IDENTITY_GOOGLE_CLIENT_ID", "only-half")
    with pytest.raises(SettingsError, match="IDENTITY_GOOGLE_CLIENT_SECRET"):
        create_app(settings, clock=clock, hashing="cheap")
