"""The city's name, logo, colours and help line: read from identity, cached, never a reason to fail."""

from datetime import timedelta

import pytest
from portal.web.city import City
from portal.web.colors import ENOUGH, WHITE, contrast, darkened, readable_on, stylesheet

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


def test_an_identity_that_was_never_there_makes_plain_pages(visitor, identity) -> None:
    identity.answers["/cities/pinellas-park"] = (503, "text/html", b"")

    assert "Your city" in visitor.page("/").text


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
