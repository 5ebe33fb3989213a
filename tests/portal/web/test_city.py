"""The city's name, logo, colours and help line: read from identity, cached, never a reason to fail."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from portal.app import create_app
from portal.web import city as city_module
from portal.web.city import RETRY_AFTER, City
from portal.web.colors import ENOUGH, WHITE, contrast, darkened, readable_on, stylesheet

from tests.portal.conftest import Visitor, close
from tests.portal.doubles.identity import LOGO


def test_pages_carry_the_citys_name_phone_website_and_logo(visitor) -> None:
    page = visitor.page("/")

    assert page.title == "Utility Billing portal \u2013 City of Pinellas Park"
    assert page.only("//header//a[img]").get("href") == "https://www.pinellas-park.com"
    assert "Utility Billing Department 727-369-0690" in page.text
    assert visitor.get("/city-logo.svg").data == LOGO


def test_a_change_shows_within_a_minute_and_not_at_the_price_of_a_call_a_page(
    visitor, identity, clock
) -> None:
    visitor.get("/")
    identity.city["name"] = "City of Gulfport"
    visitor.get("/")
    assert len(identity.asked("/cities/pinellas-park")) == 1

    clock.advance(timedelta(seconds=60))

    assert "City of Gulfport" in visitor.page("/").text


def test_an_application_that_expires_asks_again(app, visitor, identity) -> None:
    visitor.get("/")
    for expire in app.extensions["portal.expire"]:
        expire()
    visitor.get("/")

    assert len(identity.asked("/cities/pinellas-park")) == 2


@pytest.mark.parametrize(
    "answer", [(500, "text/html", b""), (200, "text/html", b"<p>"), (200, "application/json", b"[]")]
)
def test_the_old_city_serves_while_identity_is_away(visitor, identity, clock, answer) -> None:
    visitor.get("/")
    identity.answers["/cities/pinellas-park"] = answer
    clock.advance(timedelta(minutes=5))

    assert "City of Pinellas Park" in visitor.page("/").text


AWAY = (503, "text/html", b"")


def test_an_identity_that_was_never_there_makes_plain_pages(visitor, identity) -> None:
    identity.answers["/cities/pinellas-park"] = AWAY

    page = visitor.page("/")

    assert "Your city" in page.text
    assert "please call" not in page.text
    assert visitor.get("/city.css").headers["Cache-Control"] == "no-cache"


@pytest.fixture
def knowing_visitor(settings, clock) -> Iterator[Visitor]:
    """Return a browser at a portal whose settings know the city's essentials."""
    known = {
        "city_name": "City of Pinellas Park",
        "city_support_name": "Utility Billing Department",
        "city_support_phone": "727-369-0690",
    }
    app = create_app(settings.model_copy(update=known), clock=clock)
    yield Visitor(app)
    close(app)


def test_until_identity_answers_the_settings_name_the_city_and_its_help_line(
    knowing_visitor, identity
) -> None:
    identity.answers["/cities/pinellas-park"] = AWAY

    page = knowing_visitor.page("/")

    assert page.title == "Utility Billing portal \u2013 City of Pinellas Park"
    assert "please call: Utility Billing Department 727-369-0690" in page.text


def test_what_identity_says_goes_before_the_settings(knowing_visitor, identity) -> None:
    identity.city |= {"name": "City of Gulfport", "support_phone": " "}

    page = knowing_visitor.page("/")

    assert "City of Gulfport" in page.text
    assert "727-369-0690" in page.text


def test_the_next_page_asks_again_when_identity_is_back(visitor, identity, clock) -> None:
    identity.answers["/cities/pinellas-park"] = AWAY
    visitor.get("/")
    identity.answers.clear()
    clock.advance(RETRY_AFTER)

    assert "City of Pinellas Park" in visitor.page("/").text
    assert visitor.get("/city.css").headers["Cache-Control"] == "public, max-age=60"


def test_an_identity_that_hangs_holds_up_one_page_for_a_moment(visitor, identity, monkeypatch) -> None:
    monkeypatch.setattr(city_module, "PATIENCE_SECONDS", 0.2)
    identity.delay["/cities/pinellas-park"] = 1.0
    waits = []
    for _ in range(3):
        began = time.monotonic()
        assert "Your city" in visitor.page("/").text
        waits.append(time.monotonic() - began)

    assert waits[0] < 0.9
    assert waits[1] + waits[2] < 0.4
    assert len(identity.asked("/cities/pinellas-park")) == 1


def test_an_answer_that_comes_late_is_on_the_next_page(visitor, identity, monkeypatch) -> None:
    monkeypatch.setattr(city_module, "PATIENCE_SECONDS", 0.01)
    identity.delay["/cities/pinellas-park"] = 0.1
    assert "Your city" in visitor.page("/").text

    end = time.monotonic() + 5
    while "City of Pinellas Park" not in visitor.page("/").text:
        assert time.monotonic() < end


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("primary_color", "red;}body{display:none"),
        ("primary_color", 7),
        ("website", "javascript:alert(1)"),
        ("languages", "en"),
        ("name", None),
    ],
)
def test_a_field_of_another_kind_counts_as_absent(visitor, identity, field: str, value) -> None:
    identity.city[field] = value

    page, css = visitor.page("/"), visitor.get("/city.css").text

    assert "javascript:" not in page.source
    assert "display:none" not in css


def test_the_notice_is_on_every_page_but_the_welcome_page_which_announces_it(resident, identity) -> None:
    identity.city["notice"] = "Offices are closed."

    assert resident.page("/utility-billing").text.count("Offices are closed.") == 1
    assert resident.page("/home").text.count("Offices are closed.") == 1


@pytest.mark.parametrize(
    "color", ["#000000", "#ffffff", "#ffff00", "#0b6e4f", "#777777", "#ff0000", "#1a4480"]
)
def test_text_on_the_citys_colours_can_always_be_read(color: str) -> None:
    assert contrast(color, readable_on(color)) >= ENOUGH
    assert contrast(darkened(color), WHITE) >= ENOUGH
    link = stylesheet(City(accent_color=color)).split("--city-accent:")[1][:7]
    assert contrast(link, WHITE) >= ENOUGH


def test_the_contrast_of_black_and_white_is_the_largest_there_is() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21.0
