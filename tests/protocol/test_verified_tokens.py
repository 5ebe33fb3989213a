"""What ends an access token reaches its next use at once, also where its signature was checked before."""

from collections.abc import Callable
from typing import Any

import pytest
from identity.relying_parties.admin import Registry
from identity.residents.accounts.models import Resident
from identity.residents.passwords.store import Passwords
from identity.secret_keys import SecretKeys
from identity.signing_keys.key_set import ParsedKey
from identity.signing_keys.rotation import KeyRotation
from identity_provider import ISSUER, SECRET_KEY, Client, Provider

End = Callable[[Provider, Client, dict[str, Any]], object]


def revoke_grant(provider: Provider, client: Client, tokens: dict[str, Any]) -> None:
    form, headers = {"token": tokens["refresh_token"]}, client.basic()
    response = provider.app.test_client().post("/revoke", data=form, headers=headers, base_url=ISSUER)
    assert response.status_code == 200


def end_session(provider: Provider, _client: Client, _tokens: dict[str, Any]) -> None:
    provider.end_session(provider.sids[-1])


def disable_resident(provider: Provider, _client: Client, _tokens: dict[str, Any]) -> None:
    with provider.storage.transaction() as tx:
        tx.get_one(Resident, "resident-1").disabled_at = provider.clock.now()


def change_password(provider: Provider, _client: Client, _tokens: dict[str, Any]) -> None:
    provider.advance(seconds=1)
    with provider.storage.transaction() as tx:
        Passwords(tx).set_password("resident-1", "a hash", provider.clock.now())


def disable_client(provider: Provider, client: Client, _tokens: dict[str, Any]) -> None:
    Registry(provider.storage, provider.clock).disable_client(client.id)
    provider.advance(seconds=6)


def revoke_key(provider: Provider, _client: Client, _tokens: dict[str, Any]) -> None:
    assert KeyRotation(provider.storage, SecretKeys([SECRET_KEY]), provider.clock).revoke_key("key-ES256")
    # The key set looks at the database every five seconds.
    provider.advance(seconds=6)


@pytest.mark.parametrize(
    "end", [revoke_grant, end_session, disable_resident, change_password, disable_client, revoke_key]
)
def test_a_known_token_ends_with_what_it_stands_on(provider: Provider, end: End):
    client, other = provider.client(), provider.client(id="other-website")
    tokens = provider.tokens(provider.browser(provider.resident()), client)
    for _twice in range(2):
        assert provider.userinfo(tokens["access_token"]).status_code == 200
        assert introspect(provider, client, tokens)["active"] is True
    end(provider, client, tokens)
    assert provider.userinfo(tokens["access_token"]).status_code == 401
    if end is not disable_client:
        assert introspect(provider, client, tokens) == {"active": False}
    assert introspect(provider, other, tokens) == {"active": False}


def test_it_is_for_its_own_audience_and_client_alone(provider: Provider):
    client, other = provider.client(), provider.client(id="other-website")
    resource = provider.tokens(
        provider.browser(provider.resident()), client, resource="urn:community-access:billing-link"
    )
    assert introspect(provider, client, resource)["active"] is True
    assert introspect(provider, other, resource) == {"active": False}
    assert provider.userinfo(resource["access_token"]).status_code == 401


def test_it_expires(provider: Provider):
    client = provider.client()
    tokens = provider.tokens(provider.browser(provider.resident()), client)
    provider.advance(seconds=299)
    assert introspect(provider, client, tokens)["active"] is True
    provider.advance(seconds=1)
    assert introspect(provider, client, tokens) == {"active": False}


def test_the_signature_of_a_token_is_checked_once_by_each_key(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
):
    client = provider.client()
    tokens = provider.tokens(provider.browser(provider.resident()), client)
    checked: list[str] = []
    verify = ParsedKey.verify.func
    counted = property(lambda key: checked.append(key.kid) or verify(key))
    monkeypatch.setattr(ParsedKey, "verify", counted)
    for _times in range(3):
        assert provider.userinfo(tokens["access_token"]).status_code == 200
    assert checked == ["key-ES256"]
    # A changed set of keys is parsed anew: that the token's key is among them is found out by its signature.
    assert KeyRotation(provider.storage, SecretKeys([SECRET_KEY]), provider.clock).publish_next()
    provider.advance(seconds=6)
    assert provider.userinfo(tokens["access_token"]).status_code == 200
    assert len(checked) == 2


def introspect(provider: Provider, client: Client, tokens: dict[str, Any]) -> dict[str, Any]:
    response = provider.app.test_client().post(
        "/introspect", data={"token": tokens["access_token"]}, headers=client.basic(), base_url=ISSUER
    )
    return dict(response.json or {})
