"""RFC 7592: a client reads, replaces and deletes its own registration, and no other."""

from typing import Any

import pytest
from identity.oidc.grants.models import Grant
from identity.relying_parties.admin import Registry
from identity.relying_parties.schemas import read_client
from identity.relying_parties.store import Clients
from identity_provider import ISSUER, Client, Provider
from self_registration import METADATA, SelfRegistered, allowed, bearer, invited, register, self_registered

MACHINE = {"grant_types": ["client_credentials"], "scopes": ["billing.read"]}
REFRESHING = ["authorization_code", "refresh_token"]


@pytest.fixture
def client(provider: Provider) -> SelfRegistered:
    return self_registered(provider)


@pytest.fixture
def machine(provider: Provider) -> SelfRegistered:
    """Return a client that can prove its secret without a resident."""
    return self_registered(provider, MACHINE, grant_types=["client_credentials"], redirect_uris=[])


def put(machine: SelfRegistered, **changes: Any) -> Any:
    return machine.put(**({"grant_types": ["client_credentials"], "redirect_uris": []} | changes))


def works(machine: SelfRegistered, secret: str) -> bool:
    """Tell whether a client authenticates with this secret, five seconds after whatever happened."""
    machine.provider.advance(seconds=6)
    client = Client(machine.id, secret)
    return bool(machine.provider.token(client, grant_type="client_credentials").status_code == 200)


def stored(client: SelfRegistered) -> Any:
    with client.provider.storage.autocommit() as connection:
        return Clients(connection).find_described_client(client.id)


def test_2_1_a_client_reads_what_is_registered(client: SelfRegistered):
    response = client.ask("GET")
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    # The secret is stored as a digest: it is told when it is made, and at no other time.
    told = {name: value for name, value in client.information.items() if name != "client_secret"}
    assert response.json == told


def test_2_1_head_is_answered_as_get(client: SelfRegistered):
    response = client.ask("HEAD")
    assert (response.status_code, response.get_data()) == (200, b"")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_2_1_only_the_clients_own_token_counts(provider: Provider, client: SelfRegistered, method: str):
    another = self_registered(provider)
    invitation = invited(provider).token
    body = {"json": {"client_id": client.id, **METADATA}} if method == "PUT" else {}
    for token in (another.information["registration_access_token"], invitation, "x", client.id):
        response = client.ask(method, token, **body)
        assert (response.status_code, response.json["error"]) == (401, "invalid_token")
        assert "WWW-Authenticate" in response.headers
    assert client.ask("GET").status_code == 200


def test_2_1_no_path_below_it_is_a_page(provider: Provider):
    for path in ("/register/", "/register/a/b"):
        response = provider.app.test_client().get(path, base_url=ISSUER)
        assert (response.status_code, response.json) == (404, {"error": "not_found"})


@pytest.mark.parametrize("client_id", ["unknown", "a%00b", "x" * 300, "%F0%9F%92%A7", "%27", ".."])
def test_2_1_an_unknown_client_is_401(provider: Provider, client: SelfRegistered, client_id: str):
    headers = bearer(client.information["registration_access_token"])
    for method in ("GET", "PUT", "DELETE"):
        response = provider.app.test_client().open(
            f"/register/{client_id}", method=method, headers=headers, json={}, base_url=ISSUER
        )
        assert (response.status_code, response.mimetype) == (401, "application/json")


def test_2_1_an_operators_client_cannot_be_managed_by_anybody(provider: Provider, client: SelfRegistered):
    own = provider.client()
    headers = bearer(client.information["registration_access_token"])
    for token in (headers, bearer(own.secret)):
        response = provider.app.test_client().get(f"/register/{own.id}", headers=token, base_url=ISSUER)
        assert response.status_code == 401


def test_2_1_a_disabled_client_is_refused_and_does_not_come_back(provider: Provider, client: SelfRegistered):
    Registry(provider.storage, provider.clock).disable_client(client.id)
    assert [client.ask("GET").status_code, client.put().status_code] == [401, 401]
    assert client.ask("DELETE").status_code == 401
    assert stored(client).disabled_at is not None


def test_2_2_an_update_replaces_everything(client: SelfRegistered):
    response = client.put(
        client_name="Calendar of Events",
        redirect_uris=["https://calendar.example/other"],
        backchannel_logout_uri="https://calendar.example/logout",
        id_token_signed_response_alg="ES256",
    )
    assert response.status_code == 200
    assert response.json["client_name"] == "Calendar of Events"
    assert response.json["redirect_uris"] == ["https://calendar.example/other"]
    # What is left out has its default again.
    response = client.put(post_logout_redirect_uris=None)
    assert "backchannel_logout_uri" not in response.json
    assert "post_logout_redirect_uris" not in response.json
    assert response.json["id_token_signed_response_alg"] == "RS256"
    assert client.ask("GET").json["client_name"] == METADATA["client_name"]
    assert client.provider.events().count("client_updated_itself") == 2


def test_2_2_null_is_left_out(client: SelfRegistered):
    sent = {"client_id": client.id, **METADATA, "client_name": None, "post_logout_redirect_uris": None}
    response = client.ask("PUT", json=sent)
    assert response.json["client_name"] == "calendar.example"
    assert "post_logout_redirect_uris" not in response.json


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client_id": None}, "client_id"),
        ({"client_id": "city-website"}, "client_id"),
        ({"registration_access_token": "x"}, "registration_access_token"),
        ({"registration_client_uri": "x"}, "registration_client_uri"),
        ({"client_secret_expires_at": 0}, "client_secret_expires_at"),
        ({"client_id_issued_at": 0}, "client_id_issued_at"),
        ({"client_secret": "a-secret-of-my-own-choice-of-32-characters"}, "cannot be chosen"),
        ({"client_secret": "\ud800"}, "half of a surrogate pair"),
        ({"client_secret": 5}, "cannot be chosen"),
        ({"scope": "openid billing.read"}, "the invitation does not allow billing.read"),
        ({"redirect_uris": ["https://attacker.example/"]}, "redirect_uris"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "needs jwks"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_2_2_a_faulty_update_changes_nothing(client: SelfRegistered, changes: dict[str, Any], words: str):
    before = stored(client)
    response = client.put(**changes)
    error = "invalid_redirect_uri" if "redirect_uris" in changes else "invalid_client_metadata"
    assert (response.status_code, response.json["error"]) == (400, error)
    assert words in response.json["error_description"]
    assert stored(client) == before
    assert client.ask("GET").status_code == 200


def test_2_2_the_token_is_replaced_and_the_old_one_dies(client: SelfRegistered):
    old = client.information["registration_access_token"]
    assert client.put().status_code == 200
    assert client.information["registration_access_token"] != old
    assert client.ask("GET", old).status_code == 401
    assert client.put(old).status_code == 401
    assert client.ask("GET").status_code == 200


def test_2_2_a_secret_that_is_not_sent_along_is_replaced_and_lives_for_a_day(machine: SelfRegistered):
    first = machine.information["client_secret"]
    assert put(machine).status_code == 200
    second = machine.information["client_secret"]
    assert first != second
    assert works(machine, first)
    assert works(machine, second)
    machine.provider.advance(hours=24)
    assert not works(machine, first)
    assert works(machine, second)


def test_2_2_a_secret_that_is_sent_along_stays(machine: SelfRegistered):
    secret = machine.information["client_secret"]
    assert put(machine, client_secret=secret).status_code == 200
    assert machine.information["client_secret"] == secret
    assert len(stored(machine).client.secrets) == 1
    assert works(machine, secret)


def test_2_2_no_more_than_one_former_secret_lives_on(machine: SelfRegistered):
    first = machine.information["client_secret"]
    for _ in range(3):
        assert put(machine).status_code == 200
    assert len(stored(machine).client.secrets) == 2
    assert not works(machine, first)
    # A secret on its way out is no current one.
    assert put(machine, client_secret=first).status_code == 400


def test_2_2_a_client_may_change_how_it_authenticates(machine: SelfRegistered):
    secret = machine.information["client_secret"]
    keys = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://calendar.example/jwks"}
    assert "client_secret" not in put(machine, **keys).json
    assert not works(machine, secret)
    assert put(machine).status_code == 200
    assert works(machine, machine.information["client_secret"])
    assert not works(machine, secret)


def test_2_2_what_only_an_operator_decides_stays(provider: Provider, client: SelfRegistered):
    content = stored(client).client.registration
    decided = {"first_party": True, "pkce_required": False}
    Registry(provider.storage, provider.clock).put_client(read_client(content | decided))
    assert client.put(client_name="Other", first_party=False, pkce_required=True).status_code == 200
    after = stored(client).client
    assert (after.name, after.first_party, after.pkce_required) == ("Other", True, False)


def test_2_2_a_client_of_the_profile_stays_within_it(provider: Provider):
    """FAPI 2.0, switched on by an operator: the client's own update cannot leave it."""
    keys = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://calendar.example/jwks"}
    client = self_registered(provider, **keys)
    content = stored(client).client.registration
    for name in (
        "require_pushed_authorization_requests",
        "dpop_bound_access_tokens",
        "id_token_signed_response_alg",
    ):
        del content[name]
    Registry(provider.storage, provider.clock).put_client(read_client(content | {"profile": "fapi2"}))
    assert client.put(**keys, id_token_signed_response_alg="RS256").status_code == 400
    assert client.put().status_code == 400
    response = client.put(**keys)
    assert (response.status_code, response.json["dpop_bound_access_tokens"]) == (200, True)


def test_2_3_who_leaves_is_gone_with_everything(provider: Provider):
    client = self_registered(provider, grant_types=REFRESHING)
    website = client.relying_party()
    browser = provider.browser(provider.resident())
    allowed(browser, website)
    tokens = provider.tokens(browser, website)
    waiting = provider.code(browser, website)

    response = client.ask("DELETE")
    assert (response.status_code, response.get_data()) == (204, b"")
    assert response.headers["Cache-Control"] == "no-store"
    # At once, whatever is still remembered of the client elsewhere.
    assert provider.userinfo(tokens["access_token"]).status_code == 401
    assert provider.refresh(website, tokens["refresh_token"]).json["error"] in (
        "invalid_grant",
        "invalid_client",
    )
    assert provider.redeem(website, waiting).json["error"] in ("invalid_grant", "invalid_client")
    with provider.storage.transaction() as tx:
        assert {grant.revoked_for for grant in tx.query(Grant)} == {"client_deleted"}
    provider.advance(seconds=6)
    assert provider.refresh(website, tokens["refresh_token"]).json["error"] == "invalid_client"
    assert "Location" not in browser.authorize(website.request()).headers
    assert provider.events().count("client_deleted_itself") == 1


def test_2_3_afterwards_its_token_is_401(client: SelfRegistered):
    assert client.ask("DELETE").status_code == 204
    assert [client.ask(method).status_code for method in ("GET", "DELETE")] == [401, 401]
    assert client.put().status_code == 401
    assert stored(client).disabled_at is not None


def test_2_3_another_client_stays(provider: Provider, client: SelfRegistered):
    other = self_registered(provider)
    assert client.ask("DELETE").status_code == 204
    assert other.ask("GET").status_code == 200


@pytest.mark.parametrize("method", ["POST", "PATCH", "TRACE"])
def test_2_other_methods_are_refused_in_json(client: SelfRegistered, method: str):
    response = client.ask(method)
    assert (response.status_code, response.mimetype) == (405, "application/json")
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "PUT", "DELETE"}


def test_3_the_token_is_no_invitation(provider: Provider, client: SelfRegistered):
    assert register(provider, client.information["registration_access_token"]).status_code == 401
