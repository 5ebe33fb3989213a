"""OpenID Connect Back-Channel Logout 1.0: which logout tokens end a session, and which are refused."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey
from portal.database_faults import DatabaseFault, DatabaseUnavailableError
from portal.identity_client.client import IdentityClient
from portal.storage import Storage

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def logout_token(identity, clock):
    """Return a function that makes logout tokens; a claim or header of None is left out."""

    def make(*, header: dict[str, Any] | None = None, key: Any = None, **changes: Any) -> str:
        now = int(clock.now().timestamp())
        claims = {
            "iss": identity.issuer,
            "aud": "citizen-self-service",
            "sub": "resident-1",
            "sid": "identity-session",
            "iat": now,
            "exp": now + 120,
            "jti": "one",
            "events": {EVENT: {}},
        } | changes
        full = {"alg": "ES256", "typ": "logout+jwt", "kid": "es"} | (header or {})
        full = {name: value for name, value in full.items() if value is not None}
        claims = {name: value for name, value in claims.items() if value is not None}
        # Not by `jwt.encode`, which refuses what an attacker may write.
        content, signer = json.dumps(claims).encode(), key or identity.keys["ES256"]
        return jws.serialize_compact(full, content, signer, algorithms=["ES256", "HS256"])

    return make


@pytest.fixture
def send(app, monkeypatch):
    """Return a function that posts as identity's server does: without cookies, form protection on."""
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)  # noqa: FBT003 - the value of a setting
    return lambda **form: app.test_client().post("/backchannel-logout", data=form)


def is_signed_in(visitor) -> bool:
    return visitor.client.post("/session/keep").status_code == 204


@pytest.fixture(autouse=True)
def _keep_without_form_token(app, send, monkeypatch) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_CHECK_DEFAULT", False)  # noqa: FBT003 - as above


def test_2_6_a_session_that_ended_at_identity_ends_here(resident, send, logout_token):
    assert is_signed_in(resident)
    answer = send(logout_token=logout_token())
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert not is_signed_in(resident)


def test_2_5_form_protection_does_not_stand_in_the_way(app, resident, send, logout_token, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_CHECK_DEFAULT", True)  # noqa: FBT003 - as above
    assert send(logout_token=logout_token()).status_code == 200
    assert app.test_client().post("/sign-out").status_code != 200


def test_2_6_another_session_stays(resident, send, logout_token):
    assert send(logout_token=logout_token(sid="another")).status_code == 200
    assert is_signed_in(resident)


def test_2_6_a_session_of_another_resident_stays(resident, send, logout_token):
    assert send(logout_token=logout_token(sub="resident-2")).status_code == 200
    assert is_signed_in(resident)


@pytest.mark.parametrize("left_out", ["sub", "sid"])
def test_2_4_either_sid_or_sub_is_enough(resident, send, logout_token, left_out):
    assert send(logout_token=logout_token(**{left_out: None})).status_code == 200
    assert not is_signed_in(resident)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"aud": "another-client"},
        {"aud": ["citizen-self-service", "another-client"]},
        {"aud": None},
        {"sub": None, "sid": None},
        {"sub": ""},
        {"sid": 5},
        {"sid": ""},
        {"iat": None},
        {"exp": None},
        {"exp": "later"},
        {"jti": None},
        {"jti": 1},
        {"events": None},
        {"events": {}},
        {"events": {EVENT: "yes"}},
        {"events": [EVENT]},
        {"nonce": "n"},
        {"sid": "\ud800"},
        {"jti": "a\udfff"},
        {"exp": float("inf")},
        {"unknown": 10**400},
        {"header": {"kid": "\ud800"}},
        {"header": {"typ": "JWT"}},
        {"header": {"typ": None}},
        {"header": {"typ": "at+jwt"}},
        {"header": {"kid": "unknown"}},
        {"key": ECKey.generate_key("P-256")},
        {"key": OctKey.generate_key(256), "header": {"alg": "HS256"}},
    ],
)
def test_2_6_what_does_not_hold_is_refused(resident, send, logout_token, changes):
    answer = send(logout_token=logout_token(**changes))
    assert answer.status_code == 400
    assert answer.json["error"] == "invalid_request"
    assert answer.headers["Cache-Control"] == "no-store"
    assert is_signed_in(resident)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"logout_token": ""},
        {"logout_token": "a.b.c"},
        {"logout_token": "x" * 9000},
        {"logout_token": ["a", "b"]},
        {"logout_token": "ü"},
        {"logout_token": "W1tbW1tbW1tb" * 600 + ".e30.e30"},
    ],
)
def test_2_5_what_is_no_token_is_refused(send, form):
    assert send(**form).status_code == 400


def test_2_6_a_token_is_good_for_its_time_and_a_minute(resident, send, logout_token, clock):
    late = logout_token(jti="late", sid="another")
    clock.advance(timedelta(minutes=2, seconds=59))
    assert send(logout_token=late).status_code == 200
    later = logout_token(jti="later", exp=int(clock.now().timestamp()) - 60)
    assert send(logout_token=later).status_code == 400
    future = logout_token(jti="future", iat=int(clock.now().timestamp()) + 60)
    assert send(logout_token=future).status_code == 400


def test_2_6_a_token_is_taken_once(resident, send, logout_token, clock):
    token = logout_token(sid="another")
    assert send(logout_token=token).status_code == 200
    assert send(logout_token=token).status_code == 400
    clock.advance(timedelta(minutes=2))
    assert send(logout_token=token).status_code == 400


def test_2_6_of_many_at_once_one_takes_it(app, send, logout_token):
    token = logout_token()
    # Identity's keys are there: few requests wait for them.
    assert send(logout_token=logout_token(jti="another")).status_code == 200
    with ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(lambda _: send(logout_token=token).status_code, range(8)))
    assert codes == [200] + [400] * 7


def test_2_8_while_the_keys_cannot_be_had_identity_is_asked_to_come_again(identity, send, logout_token):
    token = logout_token()
    identity.answers["/jwks"] = (503, "text/plain", b"away")
    assert send(logout_token=token).status_code == 503
    del identity.answers["/jwks"]
    assert send(logout_token=token).status_code == 200


def test_2_8_while_the_database_cannot_be_used_identity_is_asked_to_come_again(
    send, logout_token, monkeypatch
):
    def full(*_arguments: Any) -> None:
        raise DatabaseUnavailableError(DatabaseFault.FULL)

    token = logout_token()
    with monkeypatch.context() as broken:
        broken.setattr(Storage, "transaction", full)
        response = send(logout_token=token)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "10")
    assert response.headers["Cache-Control"] == "no-store"
    assert send(logout_token=token).status_code == 200


def test_2_8_who_is_signed_out_already_stays_so(send, logout_token):
    assert send(logout_token=logout_token()).status_code == 200


def test_only_post(app):
    answer = app.test_client().get("/backchannel-logout")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


@pytest.mark.database("sqlite", "postgresql")
class TestALogoutThatOvertakesASignIn:
    """It arrives after the code was redeemed and before the session is there: nothing may begin on it."""

    @pytest.fixture
    def overtaken_by(self, monkeypatch, clock):
        """Return a function that lets a deed happen once identity has answered with the tokens."""

        def redeemed(deed):
            redeem = IdentityClient.redeem_code

            def then(self, code, verifier, nonce):
                tokens = redeem(self, code, verifier, nonce)
                monkeypatch.setattr(IdentityClient, "redeem_code", redeem)
                clock.advance(timedelta(microseconds=1))
                deed()
                return tokens

            monkeypatch.setattr(IdentityClient, "redeem_code", then)

        return redeemed

    @pytest.mark.parametrize("named", [{}, {"sub": None}, {"sid": None}])
    def test_no_session_begins_and_the_sign_in_starts_over(
        self, visitor, send, logout_token, overtaken_by, named
    ):
        overtaken_by(lambda: send(logout_token=logout_token(**named)))
        answer = visitor.sign_in()
        assert answer.location.startswith("http")
        assert not is_signed_in(visitor)
        # The next one is newer.
        visitor.get(visitor.callback_of(answer.location))
        assert is_signed_in(visitor)

    @pytest.mark.parametrize("named", [{"sid": "another"}, {"sid": None, "sub": "another"}])
    def test_one_of_another_session_or_resident_is_not_its_own(
        self, visitor, send, logout_token, overtaken_by, named
    ):
        overtaken_by(lambda: send(logout_token=logout_token(**named)))
        visitor.sign_in()
        assert is_signed_in(visitor)
