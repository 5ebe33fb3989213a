"""A grant is issued only while its session lives and its consent stands, whatever ends at that moment."""

import threading
from datetime import timedelta

import pytest
from identity.oidc.grants.models import Grant
from identity.oidc.grants.redemption_store import CodeClaim, Redemptions
from identity.oidc.grants.store import Grants, NewGrant
from identity.relying_parties.clients import RegisteredCity, RegisteredClient
from identity.relying_parties.store import Cities, Clients
from identity.residents.accounts.models import Resident
from identity.residents.sessions.store import Sessions
from identity.storage import table_of
from sqlalchemy import func, insert, select

CITY = RegisteredCity(
    id="gulfport", name="Gulfport", website="", support_phone="", support_name="", primary_color="#000000",
    accent_color="#000000", logo_svg="", languages=("en",), time_zone="UTC", notice="",
)  # fmt: skip
CLIENT = RegisteredClient(
    id="news", city_id="gulfport", name="News", token_endpoint_auth_method="client_secret_basic",
    grant_types=frozenset(), redirect_uris=frozenset(), post_logout_redirect_uris=frozenset(),
    initiate_login_uri="", scopes=frozenset(), resources=frozenset(), pkce_required=True, first_party=False,
    secrets=(), id_token_signed_response_alg="ES256",
)  # fmt: skip


@pytest.fixture
def sid(storage, now):
    with storage.transaction() as tx:
        Cities(tx).put_city(CITY)
        Clients(tx).put_client(CLIENT, now)
    with storage.autocommit() as connection:
        connection.execute(
            insert(table_of(Resident)).values(
                id="jane",
                sign_in_method="password",
                given_name="",
                family_name="",
                language="en",
                created_at=now,
            )
        )
        return (
            Sessions(connection)
            .insert_session(
                resident_id="jane", amr=["pwd"], remembered=False, now=now, user_agent="", ip_address=""
            )
            .sid
        )


def grant(sid, now, number=0):
    return NewGrant(
        id=f"grant-{number}", client_id="news", resident_id="jane", session_id=sid,
        scope="openid offline_access", resources=["urn:bills"], userinfo_claims="", id_token_claims="",
        offline=True, nonce=None, authenticated_at=now, acr="", amr="pwd", created_at=now,
        expires_at=now + timedelta(minutes=1), code_digest=f"code-{number}",
        code_expires_at=now + timedelta(minutes=1), redirect_uri="https://news.example/", code_challenge=None,
        dpop_jkt=None,
    )  # fmt: skip


@pytest.mark.parametrize("opened", ["transaction", "autocommit"])
def test_a_session_that_has_ended_gets_none(storage, sid, now, opened):
    with getattr(storage, opened)() as executor:
        assert Grants(executor).issue(grant(sid, now, 1), needs_consent=False)
        Sessions(executor).mark_ended([sid], now)
        assert not Grants(executor).issue(grant(sid, now, 2), needs_consent=False)


def test_nor_does_one_without_the_consent_that_it_needs(storage, sid, now):
    with storage.autocommit() as connection:
        assert not Grants(connection).issue(grant(sid, now), needs_consent=True)


def test_an_end_at_that_moment_leaves_none_that_it_did_not_see(storage, sid, at_once, now):
    """Each end revokes the grants that it finds: one that it did not find would outlive it."""
    ended = threading.Event()

    def one(number):
        if number:
            with storage.autocommit() as connection:
                return Grants(connection).issue(grant(sid, now, number), needs_consent=False)
        with storage.transaction() as tx:
            Sessions(tx).mark_ended([sid], now)
            ended.set()
            return len(Grants(tx).revoke_grants_of_resident("jane", "test", now, client_id=None))

    at_once(12, one)
    table = table_of(Grant)
    with storage.autocommit() as connection:
        left = select(func.count()).select_from(table).where(table.c.revoked_at.is_(None))
        assert connection.execute(left).scalar_one() == 0


def test_a_code_is_not_claimed_once_its_session_has_ended(storage, sid, now):
    here = grant(sid, now)
    with storage.autocommit() as connection:
        grants = Grants(connection)
        assert grants.issue(NewGrant(**(vars(here) | {"offline": False})), needs_consent=False)
        Sessions(connection).mark_ended([sid], now)
        presented = CodeClaim(here.code_digest, "news", here.redirect_uri, None, None, None, None)
        claims = Redemptions(connection)
        assert claims.claim_code(presented, now + timedelta(minutes=5), None, now) is None
