"""A city's public data and looks."""

import pytest
from identity.web.theme import style_sheet


def test_its_data(client):
    assert client.get("/cities/pinellas-park").json == {
        "name": "City of Pinellas Park",
        "website": "http://127.0.0.1:8090/",
        "support_phone": "727-369-0690",
        "support_name": "Utility Billing Department",
        "primary_color": "#1b4f72",
        "accent_color": "#b7950b",
        "languages": ["en", "es"],
        "time_zone": "America/New_York",
        "notice": "",
        "logo": "http://localhost:8000/cities/pinellas-park/logo.svg",
    }


def test_its_logo_is_a_drawing_that_can_do_nothing(client):
    response = client.get("/cities/pinellas-park/logo.svg")
    assert response.mimetype == "image/svg+xml"
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "sandbox" in response.headers["Content-Security-Policy"]


def test_everybody_may_keep_and_embed_them(client):
    for path in ("", "/logo.svg", "/theme.css"):
        response = client.get(f"/cities/pinellas-park{path}")
        assert response.headers["Cache-Control"] == "public, max-age=300"
        assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "Set-Cookie" not in response.headers
        known = {"If-None-Match": response.headers["ETag"]}
        assert client.get(f"/cities/pinellas-park{path}", headers=known).status_code == 304


def test_an_unknown_one_is_not_found(client):
    for city in ("nowhere", "%00", "a" * 300, "Pinellas-Park"):
        for path in ("", "/logo.svg", "/theme.css"):
            assert client.get(f"/cities/{city}{path}").status_code == 404


def test_the_theme_uses_its_colours(client):
    response = client.get("/cities/pinellas-park/theme.css")
    assert response.mimetype == "text/css"
    assert "--city-primary: #1b4f72;" in response.get_data(as_text=True)


@pytest.mark.parametrize(
    ("primary", "text"), [("#1b4f72", "#ffffff"), ("#ffd700", "#1b1b1b"), ("#000000", "#ffffff")]
)
def test_text_on_its_colour_can_be_read(primary, text):
    assert f"--city-on-primary: {text};" in style_sheet(primary, primary)


def test_nothing_but_a_colour_gets_into_the_theme():
    assert "evil" not in style_sheet("red;} body{background:url(//evil)}", "#12345g")
