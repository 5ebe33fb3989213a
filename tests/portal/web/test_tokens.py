"""Access tokens: one for each resource, fresh in time, refreshed by one request at a time."""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import grpc
import pytest
from portal.app import registration
from portal.clock import FixedClock
from portal.errors import GrantEndedError, IdentityUnavailableError
from portal.identity_client.call_limit import TOKEN_REQUESTS, CallLimit
from portal.identity_client.client import IdentityClient
from portal.identity_client.provider import LIMITS
from portal.outbound_http import OutboundHttp
from portal.secret_keys import SecretKeys
from portal.storage import Storage
from portal.web.sessions.store import Sessions
from portal.web.sessions.tokens import WAITING, SessionTokens, TokenCipher, TokenSet

BILLING = "urn:community-access:billing-link"


def identity_client(settings, clock) -> IdentityClient:
    return IdentityClient(registration(settings), clock, OutboundHttp(LIMITS, settings.authorities))


@dataclass(frozen=True)
class OneSession:
    """A session that holds nothing but a refresh token, as each request finds it."""

    storage: Storage
    tokens: SessionTokens
    secret: str
    clock: FixedClock

    def access_token(self, resource: str) -> str:
        """Return what a request gets that begins now."""
        with self.storage.autocommit() as connection:
            live = Sessions(connection).find_session(self.secret, self.clock.now())
        return self.tokens.access_token(live, resource)


@pytest.fixture
def session(settings, clock, identity):
    storage = Storage(settings.database_url.get_secret_value())
    cipher = TokenCipher(SecretKeys(settings.secret_keys.get_secret_value()))
    identity.refresh_tokens.add("rt 0")
    with storage.autocommit() as connection:
        sealed = cipher.encrypt("one", TokenSet("id", "rt 0", {}), 0)
        secret = Sessions(connection).add_session("one", "resident-1", "", sealed, clock.now())
    client = identity_client(settings, clock)
    tokens = SessionTokens(storage, cipher, client, clock, CallLimit(TOKEN_REQUESTS))
    yield OneSession(storage, tokens, secret, clock)
    storage.dispose()


def test_billing_link_and_userinfo_get_tokens_of_their_own(resident, identity, billing_link) -> None:
    resident.get("/home")

    assert identity.asked("/token")[-1]["resource"] == identity.issuer
    assert all(token.startswith("at urn:community-access:billing-link ") for *_, token in billing_link.seen)


def test_a_refresh_asks_for_no_scope_so_that_it_keeps_the_granted_one(session, identity) -> None:
    session.access_token(BILLING)

    assert "scope" not in identity.asked("/token")[0]


def test_a_token_is_used_until_it_is_about_to_expire(session, identity, clock) -> None:
    first = session.access_token(BILLING)
    clock.advance(timedelta(seconds=269))
    assert session.access_token(BILLING) == first

    clock.advance(timedelta(seconds=1))
    assert session.access_token(BILLING) != first
    assert len(identity.asked("/token")) == 2


def test_a_token_that_billing_link_refuses_is_replaced_once(resident, identity, billing_link) -> None:
    billing_link.link()
    resident.get("/home")
    billing_link.refused_tokens.add(billing_link.seen[-1][2])

    assert "00-1234567" in resident.page("/home").text
    assert len(billing_link.seen) == 3


def test_a_fresh_token_that_is_refused_too_is_given_up(resident, billing_link) -> None:
    billing_link.refusal = (grpc.StatusCode.UNAUTHENTICATED, "REFUSAL_TOKEN_INVALID", {})

    assert "cannot be shown just now" in resident.page("/home").text
    assert len(billing_link.seen) == 2


def test_many_tabs_at_once_refresh_once(session, identity) -> None:
    identity.delay["/token"] = 0.3
    got: list[str] = []
    tabs = [threading.Thread(target=lambda: got.append(session.access_token(BILLING))) for _ in range(5)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()

    assert len(got) == 5
    assert len(set(got)) == 1
    assert len(identity.asked("/token")) == 1


def test_a_refresh_that_hangs_holds_few_requests(session, identity) -> None:
    identity.delay["/token"] = 1.0
    waits: list[float] = []

    def ask() -> None:
        began = time.monotonic()
        with suppress(IdentityUnavailableError):
            session.access_token(BILLING)
        waits.append(time.monotonic() - began)

    tabs = [threading.Thread(target=ask) for _ in range(16)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()

    assert sum(wait > 0.8 for wait in waits) == 1 + WAITING


def test_two_resources_at_once_take_turns_with_the_one_refresh_token(session, identity) -> None:
    identity.delay["/token"] = 0.2
    got: dict[str, str] = {}

    def ask(resource: str) -> None:
        got[resource] = session.access_token(resource)

    tabs = [threading.Thread(target=ask, args=(resource,)) for resource in (BILLING, identity.issuer)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()

    assert {resource: token.rsplit(" ", 1)[0] for resource, token in got.items()} == {
        BILLING: f"at {BILLING}",
        identity.issuer: f"at {identity.issuer}",
    }


def test_a_refresh_that_died_does_not_block_the_session_for_ever(session, clock) -> None:
    with session.storage.autocommit() as connection:
        assert Sessions(connection).claim_refresh("one", clock.now()) is not None
        assert Sessions(connection).claim_refresh("one", clock.now()) is None
    clock.advance(timedelta(seconds=15))

    assert session.access_token(BILLING)


def test_an_identity_that_cannot_be_reached_leaves_the_session_alone(session, identity) -> None:
    identity.answers["/token"] = (503, "text/html", b"")
    with pytest.raises(IdentityUnavailableError):
        session.access_token(BILLING)

    identity.answers.clear()
    assert session.access_token(BILLING)


def test_a_revoked_grant_signs_the_resident_out_politely(resident, identity, clock) -> None:
    identity.revoked = True
    clock.advance(timedelta(minutes=5))

    response = resident.get("/utility-billing")

    assert response.location == "/"
    assert "Please sign in again." in resident.follow(response).text
    assert resident.get("/home").location.startswith("/sign-in")


def test_identity_being_away_does_not_sign_the_resident_out(resident, identity, clock) -> None:
    identity.answers["/token"] = (503, "text/html", b"")
    clock.advance(timedelta(minutes=5))

    page = resident.page("/home")

    assert "cannot be shown just now" in page.text
    assert page.form("/sign-out").buttons == ["Sign out"]


def test_tokens_sealed_with_a_key_that_is_gone_end_the_session(session, settings, clock, identity) -> None:
    other = SessionTokens(
        session.storage,
        TokenCipher(SecretKeys(["n" * 32])),
        identity_client(settings, clock),
        clock,
        CallLimit(TOKEN_REQUESTS),
    )
    with pytest.raises(GrantEndedError):
        replace(session, tokens=other).access_token(BILLING)


def test_a_key_that_is_rolled_in_still_opens_what_the_old_one_sealed(session, settings, clock) -> None:
    secret_keys = SecretKeys(["n" * 32, *settings.secret_keys.get_secret_value()])
    newer = SessionTokens(
        session.storage,
        TokenCipher(secret_keys),
        identity_client(settings, clock),
        clock,
        CallLimit(TOKEN_REQUESTS),
    )

    assert replace(session, tokens=newer).access_token(BILLING)
