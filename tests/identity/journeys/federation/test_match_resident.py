"""One sign-in method for each resident: another method leads to a page that says so (decision 1)."""

import pytest
from identity.residents.accounts.models import SignInMethod

PASSWORD = "seven herons over the pond"


class TestTheProviderHasProvedTheAddress:
    def test_of_a_resident_with_a_password(self, traveller, add_resident, residents, mailbox, live_sessions):
        add_resident("grace.morales@gmail.com")
        page = traveller.sign_in("google", "grace")
        assert page.title == "You already have a Community Access ID"
        assert "you always sign in with your email address and password" in page.main
        assert live_sessions() == []
        assert len(residents()) == 1
        page = traveller.browser.follow("Sign in with your password")
        assert page.form("Sign in")[1]["email"] == "grace.morales@gmail.com"

    def test_of_a_resident_with_another_provider_and_its_button_is_there(
        self, traveller, behaviours, residents
    ):
        traveller.sign_in("google", "grace")
        traveller.browser.open("/sign-out")
        traveller.browser.press("Sign out")
        behaviours["apple"].claims = {"email": "grace.morales@gmail.com"}
        page = traveller.sign_in("apple", "samuel")
        assert "you always sign in with Google" in page.main
        page = traveller.come_back(traveller.pick(traveller.press("google"), "grace"))
        assert page.title == "Your profile"
        assert len(residents()) == 1

    def test_where_they_were_going_is_kept(self, traveller, add_resident, at):
        add_resident("grace.morales@gmail.com", sign_in_method=SignInMethod.MICROSOFT)
        page = traveller.sign_in("google", "grace", at("/sign-in"))
        assert "continue=" in page.form("Sign in with Microsoft")[0]

    def test_the_page_says_nothing_without_that_proof(self, browser):
        page = browser.open("/sign-in/google/not-signed-in?why=other_method")
        assert page.title == "Sign in to community access services."


class TestNobodyHasProvedTheAddress:
    @pytest.mark.parametrize(("provider", "person"), [("facebook", "eve"), ("microsoft", "mallory")])
    def test_the_page_is_the_same_and_the_mail_tells_the_owner(
        self, traveller, make_traveller, add_resident, residents, mailbox, provider, person
    ):
        free = traveller.sign_in(provider, person)
        mailbox.clear()
        owner = add_resident("grace.morales@gmail.com")
        taken = make_traveller().sign_in(provider, person)

        def same(page):
            token = page.form("Verify registration")[1]["csrf_token"]
            waiting = page.url.split("waiting=")[1]
            return page.status, page.source.replace(token, "").replace(waiting, "")

        assert same(free) == same(taken)
        assert [mail.template for mail in mailbox.of("grace.morales@gmail.com")] == ["already_registered"]
        assert [resident.id for resident in residents()] == [owner.id]

    def test_a_federated_owner_is_told_which_provider_is_theirs(self, traveller, add_resident, mailbox):
        add_resident("grace.morales@gmail.com", sign_in_method=SignInMethod.GOOGLE)
        traveller.sign_in("facebook", "eve")
        (mail,) = mailbox.of("grace.morales@gmail.com")
        assert (mail.template, mail.facts["provider"]) == ("use_your_provider", "google")

    def test_the_code_of_a_taken_address_is_known_to_nobody(
        self, traveller, add_resident, residents, mailbox
    ):
        add_resident("grace.morales@gmail.com")
        traveller.sign_in("facebook", "eve")
        assert all("code" not in mail.facts for mail in mailbox.all())
        assert traveller.browser.press("Verify registration", code="123456").status == 422
        assert len(residents()) == 1


class TestAFederatedResidentHasNoPassword:
    @pytest.fixture
    def grace(self, traveller, mailbox):
        traveller.sign_in("google", "grace")
        return traveller

    def test_no_password_signs_them_in_and_the_mail_names_the_provider(self, grace, browser, mailbox):
        page = browser.sign_in("grace.morales@gmail.com", PASSWORD)
        assert "Unable to sign in" in page.main
        assert "Google" not in page.main.split("If you choose")[0].split("Unable")[1][:60]
        (mail,) = mailbox.of("grace.morales@gmail.com")
        assert (mail.template, mail.facts["provider"]) == ("use_your_provider", "google")

    @pytest.mark.parametrize(
        ("path", "button"),
        [("/forgot-password", "Send"), ("/unlock-account", "Send")],
    )
    def test_no_reset_and_no_unlock_but_a_mail_that_names_the_provider(
        self, grace, browser, mailbox, path, button
    ):
        browser.open(path)
        browser.press(button, email="grace.morales@gmail.com")
        (mail,) = mailbox.of("grace.morales@gmail.com")
        assert (mail.template, mail.facts["provider"]) == ("use_your_provider", "google")
        assert "link" not in mail.facts

    def test_signing_up_again_is_answered_by_that_mail_too(self, grace, browser, sign_up, mailbox):
        assert sign_up("grace.morales@gmail.com").title == "Verification email sent"
        (mail,) = mailbox.of("grace.morales@gmail.com")
        assert mail.template == "use_your_provider"

    def test_the_profile_says_who_manages_the_password(self, grace):
        page = grace.browser.open("/profile")
        assert "Your password is managed by Google: you cannot change it on this site." in page.main
        assert "Change your password by email" not in page.main
