"""Registration data is checked when it is written; each refusal is one line that says what to mend."""

from typing import Any

import pytest
from identity.relying_parties.branding import contrast_with_white, problem_with_color, problem_with_logo
from identity.relying_parties.redirect_uris import problem_with, problem_with_redirect, site_of
from identity.relying_parties.schemas import (
    DEVICE_CODE,
    RegistrationRefusedError,
    check_secret,
    read_city,
    read_client,
    read_resource,
)

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'
CLIENT = {
    "id": "city-website",
    "city_id": "pinellas-park",
    "name": "The city website",
    "redirect_uris": ["https://city.example/callback"],
    "initiate_login_uri": "https://city.example/sign-in",
}
CITY = {
    "id": "pinellas-park",
    "name": "City of Pinellas Park",
    "website": "https://www.pinellas-park.com",
    "support_phone": "727-369-0690",
    "support_name": "Utility Billing Department",
    "primary_color": "#1b5e4b",
    "accent_color": "#8a3b12",
    "logo_svg": SVG.format(""),
}


@pytest.mark.parametrize(
    "uri",
    [
        "https://city.example/callback",
        "https://city.example:8443/callback?page=1",
        "http://127.0.0.1:8080/callback",
        "http://localhost/callback",
        "http://[::1]:9000/callback",
    ],
)
def test_sound_addresses(uri: str):
    assert problem_with(uri) is None


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("https://city.example/callback#part", "fragment"),
        ("https://city.example/callback#", "fragment"),
        ("http://city.example/callback", "not https"),
        ("http://127.0.0.1.city.example/", "not https"),
        ("javascript:alert(1)", "not an absolute"),
        ("data:text/html,x", "not an absolute"),
        ("/callback", "not an absolute"),
        ("//city.example/callback", "not an absolute"),
        ("https:///callback", "not an absolute"),
        ("https://*.city.example/callback", "wildcard"),
        ("https://user@city.example/callback", "user name"),
        ("https://city.example\\@attacker.example/", "percent-encoded"),
        ("https://city.example/a b", "percent-encoded"),
        ("https://city.example/\n", "percent-encoded"),
        ("https://citý.example/", "percent-encoded"),
        ("https://city.example:port/", "not an address"),
        ("https://[::1", "not an address"),
        ("https://city.example/" + "x" * 500, "longer"),
        ("HTTPS://city.example/callback", "capitals"),
        ("https://City.example/callback", "capitals"),
        ("https://city.example:0/callback", "port"),
        ("https://city.example:/callback", "port"),
        ("https://city.example:0443/callback", "port"),
        ("https://city.example:65536/callback", "not an address"),
        ("https://city.example/callback?", "empty query"),
        ("https://city.example./callback", "capitals"),
        ("https://city..example/callback", "capitals"),
        ("https://[:::]/callback", "not an address"),
        ("https://city.example/a%0Ab", "escape of a control"),
        ("https://city.example/a%00b", "escape of a control"),
        ("https://city.example/a%5cb", "escape of a control"),
        ("https://city.example/100%", "no escape"),
        ("https://city.example/a\tb", "percent-encoded"),
        ("http://127.1/callback", "not https"),
        ("http://[0:0:0:0:0:0:0:1]/callback", "not https"),
        ("com.example.case:/callback", "not an absolute"),
    ],
)
def test_unsound_addresses(uri: str, words: str):
    assert words in (problem_with(uri) or "")
    if not uri.startswith("com."):
        assert problem_with_redirect(uri)


@pytest.mark.parametrize(
    "uri",
    ["com.example.case:/oauth2redirect", "com.example.case:/", "gov.example.my-app2:/a/b?page=1"],
)
def test_an_app_may_have_a_scheme_of_its_own(uri: str):
    app = {"token_endpoint_auth_method": "none", "redirect_uris": [uri], "post_logout_redirect_uris": [uri]}
    assert read_client(CLIENT | app).registered().redirect_uris == {uri}


@pytest.mark.parametrize(
    "uri",
    [
        "myapp://cb",
        "myapp:/cb",
        "com.example.case://cb",
        "com.example.case:cb",
        "com.example.case:",
        "com.example.case:///cb",
        "Com.Example.case:/cb",
        "com..case:/cb",
        "com.:/cb",
        ".com:/cb",
        "com.example.case:/cb?",
        "com.example.case:/cb#x",
        "com.example.case:/c b",
        "com.example.case:/cb%0a",
        "com.example.*:/cb",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "file:/etc/passwd",
        "blob:https://city.example/x",
        "about:blank",
        "intent:#Intent;scheme=x;end",
    ],
)
def test_a_scheme_that_is_no_apps_own_is_refused(uri: str):
    app = {"token_endpoint_auth_method": "none", "redirect_uris": [uri]}
    assert "redirect_uris" in refused(read_client, CLIENT | app)


def test_a_scheme_of_its_own_is_for_public_clients_and_redirects_alone():
    uri = "com.example.case:/cb"
    public = {"token_endpoint_auth_method": "none"}
    assert "is for public clients" in refused(read_client, CLIENT | {"redirect_uris": [uri]})
    assert "is for public clients" in refused(read_client, CLIENT | {"post_logout_redirect_uris": [uri]})
    assert "needs PKCE" not in refused(read_client, CLIENT | public | {"initiate_login_uri": uri})
    assert "needs PKCE" in refused(
        read_client, CLIENT | public | {"redirect_uris": [uri], "pkce_required": False}
    )
    for name in ("initiate_login_uri", "backchannel_logout_uri", "jwks_uri"):
        assert name in refused(read_client, CLIENT | public | {name: uri})


def test_the_site_of_a_scheme_is_the_domain_name_in_it():
    assert site_of("com.example.case:/cb") == "case.example.com"


def test_contrast_is_that_of_wcag():
    assert contrast_with_white("#ffffff") == pytest.approx(1.0)
    assert contrast_with_white("#000000") == pytest.approx(21.0)
    assert contrast_with_white("#767676") == pytest.approx(4.54, abs=0.01)


def test_colours_must_be_readable():
    assert problem_with_color("#767676", 4.5) is None
    assert "4.5:1 is needed" in (problem_with_color("#777777", 4.5) or "")
    for other in ("red", "#fff", "#12345g", "url(#x)", "#123456;"):
        assert "#rrggbb" in (problem_with_color(other, 4.5) or "")


@pytest.mark.parametrize(
    "drawing",
    [
        '<path d="M0 0h1"/>',
        '<defs><linearGradient id="a"/></defs><rect fill="url(#a)"/>',
        '<use href="#a"/><use xlink:href="#a"/>',
        "<title>The city</title>",
    ],
)
def test_drawings_that_can_only_be_looked_at(drawing: str):
    assert problem_with_logo(SVG.format(drawing)) is None


@pytest.mark.parametrize(
    ("drawing", "words"),
    [
        ("<script>alert(1)</script>", "<script>"),
        ("<foreignObject/>", "<foreignObject>"),
        ("<image href='#a'/>", "<image>"),
        ("<style>@import url(x)</style>", "<style>"),
        ("<a href='#x'/>", "<a>"),
        ("<animate attributeName='href'/>", "<animate>"),
        ("<path onload='alert(1)'/>", "onload"),
        ("<use href='https://attacker.example/x.svg#a'/>", "outside"),
        ("<use xlink:href='data:image/svg+xml,x'/>", "outside"),
        ("<rect fill='url(https://attacker.example/)'/>", "outside"),
        ("<rect style='background: url( \"//x\")'/>", "outside"),
        ("<rect", "well-formed"),
        ("<path d='" + "M" * 70_000 + "'/>", "larger"),
    ],
)
def test_drawings_that_do_more_are_refused(drawing: str, words: str):
    assert words in (problem_with_logo(SVG.format(drawing)) or "")


def test_a_drawing_brings_no_document_type_and_is_an_svg():
    entity = '<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG.format("&a;")
    assert "document type" in (problem_with_logo(entity) or "")
    assert "not an SVG" in (problem_with_logo("<svg/>") or "")
    assert "not an SVG" in (problem_with_logo("<html xmlns='http://www.w3.org/1999/xhtml'/>") or "")


def refused(read: Any, content: dict[str, Any]) -> str:
    with pytest.raises(RegistrationRefusedError) as caught:
        read(content)
    return "\n".join(caught.value.lines)


def test_a_client_needs_little_and_is_careful_by_default():
    client = read_client(CLIENT).registered()
    assert client.pkce_required
    assert client.token_endpoint_auth_method == "client_secret"
    assert client.id_token_signed_response_alg == "RS256"
    assert client.scopes == {"openid", "profile", "email"}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"redirect_uris": []}, "redirect_uris"),
        ({"redirect_uris": ["https://city.example/#x"]}, "contains a fragment"),
        ({"post_logout_redirect_uris": ["http://city.example/"]}, "not https"),
        ({"initiate_login_uri": "/sign-in"}, "initiate_login_uri: '/sign-in' is not an absolute"),
        ({"id": "a b"}, "id: "),
        ({"id": "a:b"}, "id: "),
        ({"name": ""}, "name: "),
        ({"redirect_uri": "x"}, "redirect_uri: is not known here"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "token_endpoint_auth_method: "),
        ({"grant_types": ["password"]}, "grant_types"),
        ({"grant_types": ["refresh_token"]}, "must contain authorization_code"),
        ({"initiate_login_uri": ""}, "initiate_login_uri is missing"),
        ({"scopes": ["email"]}, "must contain openid"),
        ({"grant_types": [DEVICE_CODE], "scopes": []}, "must contain openid"),
        ({"token_endpoint_auth_method": "none", "pkce_required": False}, "public client needs PKCE"),
        ({"id_token_signed_response_alg": "none"}, "id_token_signed_response_alg: "),
    ],
)
def test_what_is_wrong_with_a_client_is_named(changes: dict[str, Any], line: str):
    assert line in refused(read_client, CLIENT | changes)


def test_every_fault_is_named_at_once():
    lines = refused(read_client, {"id": "x", "redirect_uris": ["http://a/", "x"]}).splitlines()
    assert len(lines) == 4


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"id": "Pinellas Park"}, "id: "),
        ({"website": "pinellas-park.com"}, "website: "),
        ({"support_phone": "call us"}, "support_phone: "),
        ({"support_phone": "---"}, "support_phone: "),
        ({"support_name": "  "}, "support_name: "),
        ({"primary_color": "#ffff00"}, "primary_color: '#ffff00' has a contrast of 1.1:1"),
        ({"accent_color": "#cccccc"}, "accent_color: "),
        ({"logo_svg": "<svg/>"}, "logo_svg: is not an SVG"),
        ({"languages": []}, "languages"),
        ({"languages": ["tlh"]}, "languages"),
    ],
)
def test_what_is_wrong_with_a_city_is_named(changes: dict[str, Any], line: str):
    assert line in refused(read_city, CITY | changes)


def test_a_resource_is_an_absolute_uri_with_scopes_of_its_own():
    resource = {"id": "urn:x:y", "name": "X", "scopes": ["x.read"]}
    assert read_resource(resource).id == "urn:x:y"
    for changes, line in (
        ({"id": "billing"}, "id: "),
        ({"id": "urn:x#y"}, "fragment"),
        ({"scopes": []}, "scopes: "),
        ({"scopes": ["a b"]}, "scopes"),
        ({"scopes": ["openid", "x"]}, "openid belong to identity"),
    ):
        assert line in refused(read_resource, resource | changes)


def test_a_secret_is_long_and_needs_no_encoding():
    check_secret("A-z_0" * 8)
    for secret in ("short", "x" * 31, "x" * 32 + ":", "x" * 129, "ü" * 40):
        with pytest.raises(RegistrationRefusedError):
            check_secret(secret)
