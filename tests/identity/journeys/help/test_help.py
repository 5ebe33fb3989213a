"""The help page, and that it is in the same place on every page (WCAG 2.2, 3.2.6)."""

PAGES = ("/sign-in", "/sign-up", "/forgot-password", "/unlock-account", "/help", "/sign-out", "/nowhere")


def test_it_answers_what_residents_ask_without_a_sign_in(browser, at):
    page = browser.open(at("/help"))
    for question in (
        "The email did not come",
        "I forgot my password",
        "I cannot sign in after several tries",
        "Where are the numbers on my bill?",
    ):
        assert question in page.main
    assert 'href="tel:7273690690"' in page.source
    assert "Utility Billing Department: 727-369-0690" in page.main


def test_every_page_has_help_the_telephone_and_the_way_back_in_the_same_place(browser, at):
    for path in PAGES:
        source = browser.open(at(path)).source
        header = source[source.index("<header") : source.index("</header>")]
        footer = source[source.index("<footer") : source.index("</footer>")]
        assert ">Help</a>" in header, path
        assert header.rindex("<a ") == header.rindex('<a class="usa-link" href="/help'), path
        assert 'href="tel:7273690690"' in footer, path
        assert "Back to the website of the City of Pinellas Park" in footer, path
