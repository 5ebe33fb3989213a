"""The two modules of the Back-Channel Logout plan, by their names."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from identity.outbox.worker import Worker
from identity_provider import ISSUER
from joserfc import jws
from logout_website import Website

BACK = "https://city.example/"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def response_mode() -> str:
    return "query"


def test_oidcc_backchannel_logout_discovery_endpoint_verification(suite: Any):
    document = suite.browser.get("/.well-known/openid-configuration").json
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True
    assert document["end_session_endpoint"] == f"{ISSUER}/end-session"


def test_oidcc_backchannel_rp_initiated_logout(suite: Any, website: Website, logout_worker: Worker):
    client = suite.provider.client(
        id="told", backchannel_logout_uri=website.uri, backchannel_logout_session_required=True
    )
    id_token = suite.tokens(client)["id_token"]
    signed_in = suite.provider.claims(id_token)

    leaving = {"id_token_hint": id_token, "post_logout_redirect_uri": BACK, "state": "s"}
    back = suite.browser.get(f"/end-session?{urlencode(leaving)}")
    assert logout_worker.run_once() == 1

    assert parse_qs(urlsplit(back.location).query) == {"state": ["s"]}
    assert back.location.startswith(f"{BACK}?")
    [body] = website.received
    assert list(parse_qs(body)) == ["logout_token"]
    [token] = website.tokens()
    header, claims = jws.extract_compact(token.encode()).headers(), suite.provider.claims(token)
    assert header["alg"] == jws.extract_compact(id_token.encode()).headers()["alg"]
    assert (claims["iss"], claims["aud"]) == (ISSUER, client.id)
    assert (claims["sub"], claims["sid"]) == (signed_in["sub"], signed_in["sid"])
    assert claims["events"] == {EVENT: {}}
    assert {"iat", "exp", "jti"} <= claims.keys()
    assert "nonce" not in claims
    assert suite.answer(suite.authorize(client=client, prompt="none"))["error"] == "login_required"
