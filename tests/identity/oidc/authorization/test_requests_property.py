"""Whatever is sent to the endpoints gets an answer of the specification, and never a foreign address."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from identity_provider import ISSUER, Provider

NAMES = [
    *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "prompt"),
    *("code_challenge_method", "max_age", "response_mode", "resource", "id_token_hint", "ui_locales"),
    *("login_hint", "request", "acr_values", "claims"),
]
VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["code", "openid", "none", "login", "query", "form_post", "S256", "0", "\0", "https://x.y/"]
    ),
)
FORM = st.lists(
    st.tuples(
        st.sampled_from(
            [*("grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "scope", "resource")]
        ),
        VALUES,
    ),
    max_size=8,
)
RELAXED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def ready(provider: Provider) -> dict[str, Any]:
    client = provider.client(pkce_required=False)
    return {"provider": provider, "client": client, "browser": provider.browser(provider.resident())}


@RELAXED
@given(changes=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4))
def test_the_authorization_endpoint(ready: dict[str, Any], changes: dict[str, str]):
    response = ready["browser"].authorize(ready["client"].request(**changes))
    assert response.status_code in (200, 303, 400)
    if response.status_code == 303:
        parts = urlsplit(response.location)
        assert parts.netloc in ("", "city.example")
        assert parts.netloc or parts.path.startswith(("/sign-in", "/sign-up", "/authorize/resume/"))


@RELAXED
@given(form=FORM)
def test_the_token_endpoint(ready: dict[str, Any], form: list[tuple[str, str]]):
    http = ready["provider"].app.test_client()
    data: dict[str, list[str]] = {}
    for name, value in form:
        data.setdefault(name, []).append(value)
    response = http.post("/token", data=data, headers=ready["client"].basic(), base_url=ISSUER)
    assert response.status_code in (200, 400, 401)
    assert response.mimetype == "application/json"
    assert response.headers["Cache-Control"] == "no-store"


@RELAXED
@given(token=st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=255), max_size=200))
def test_userinfo(ready: dict[str, Any], token: str):
    headers = {"Authorization": f"Bearer {token}"}
    response = ready["provider"].app.test_client().get("/userinfo", headers=headers, base_url=ISSUER)
    assert response.status_code == 401
    assert response.mimetype == "application/json"
