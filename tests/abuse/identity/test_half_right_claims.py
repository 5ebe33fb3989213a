"""A code or refresh token that comes with one thing wrong, or too late, yields nothing and spends nothing.

What is stored is the same before and after each try, the proofs that were sent along among it, and what is
right works afterwards.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from identity.oidc.grants.models import Grant
from identity.oidc.grants.refresh_tokens import RefreshFamilies
from identity.oidc.protocol.models import SpentIdentifier
from identity.relying_parties.admin import Registry
from identity.residents.accounts.models import Resident
from identity.residents.passwords.models import Password
from identity.residents.sessions.models import Session
from identity.storage import table_of
from identity_provider import ISSUER, RESOURCE, VERIFIER, Client, Provider
from signing_client import Prover, prover
from sqlalchemy import Table, delete, insert, update

GRANT, RESIDENT, SESSION, PASSWORD, SPENT = map(
    table_of, (Grant, Resident, Session, Password, SpentIdentifier)
)
ANOTHER = f"{VERIFIER}x"


class Presented:
    """The right request of a public client, whose grant is bound to a key, and what spoils it."""

    def __init__(self, provider: Provider, client: Client, key: Prover, **right: str) -> None:
        self._provider, self._key, self._right = provider, key, {"client_id": client.id} | right

    def send(self, key: Prover | None = None, *, without_proof: bool = False, **changes: Any) -> Any:
        form = {name: value for name, value in (self._right | changes).items() if value is not None}
        headers = {} if without_proof else (key or self._key).proof("/token")
        return self._provider.app.test_client().post("/token", data=form, headers=headers, base_url=ISSUER)

    def is_refused(self, error: str, **spoiled: Any) -> None:
        before = self._stored()
        response = self.send(**spoiled)
        assert (response.status_code, response.json["error"]) == (400, error), spoiled
        assert self._stored() == before, spoiled

    def _stored(self) -> list[Any]:
        with self._provider.storage.autocommit() as connection:
            return [connection.execute(table.select()).all() for table in (GRANT, SPENT)]

    @contextmanager
    def while_stored(self, table: Table, **values: Any) -> Iterator[None]:
        """Let the one row of the table say this during the block."""
        with self._provider.storage.autocommit() as connection:
            [was] = connection.execute(table.select())
            connection.execute(update(table).values(values))
            yield
            connection.execute(update(table).values({name: getattr(was, name) for name in values}))


def strangers(provider: Provider, city: Any) -> list[Client]:
    """Return another client of the city, and one of another city."""
    Registry(provider.storage, provider.clock).put_city(city.model_copy(update={"id": "largo"}))
    method = {"token_endpoint_auth_method": "none"}
    return [provider.client(id="another", **method), provider.client(id="foreign", city_id="largo", **method)]


def check_what_it_stands_on(provider: Provider, presented: Presented, error: str = "invalid_grant") -> None:
    now = provider.clock.now()
    for table, values in (
        (GRANT, {"revoked_at": now}),
        (SESSION, {"ended_at": now}),
        (SESSION, {"expires_at": now}),
        (RESIDENT, {"disabled_at": now}),
    ):
        with presented.while_stored(table, **values):
            presented.is_refused(error)
    with provider.storage.autocommit() as connection:
        newer = {"resident_id": "resident-1", "hash": "x", "changed_at": now + timedelta(seconds=1)}
        connection.execute(insert(PASSWORD).values(newer))
        presented.is_refused(error)
        connection.execute(delete(PASSWORD))


def test_a_code(provider: Provider, made_city: Any):
    others = strangers(provider, made_city)
    client, key = provider.client(token_endpoint_auth_method="none"), prover(provider.clock)
    code = provider.code(provider.browser(provider.resident()), client, dpop_jkt=key.jkt)
    right = {"code": code, "redirect_uri": client.redirect_uri, "code_verifier": VERIFIER}
    presented = Presented(provider, client, key, grant_type="authorization_code", **right)
    for spoiled in (
        {"code": f"{code[:-1]}~"},
        {"code_verifier": ANOTHER},
        {"code_verifier": None},
        {"redirect_uri": "https://city.example/another"},
        {"redirect_uri": None},
        *({"client_id": other.id} for other in others),
        {"key": prover(provider.clock)},
    ):
        presented.is_refused("invalid_grant", **spoiled)
    presented.is_refused("invalid_request", code_verifier="short")
    presented.is_refused("invalid_dpop_proof", without_proof=True)
    for resource in (RESOURCE, "urn:unknown", [ISSUER, ISSUER]):
        presented.is_refused("invalid_target", resource=resource)
    with presented.while_stored(GRANT, code_expires_at=provider.clock.now()):
        presented.is_refused("invalid_grant")
    check_what_it_stands_on(provider, presented)
    assert presented.send().status_code == 200


@pytest.mark.parametrize("its_seed_is", ["remembered", "forgotten"])
def test_a_refresh_token(
    provider: Provider, made_city: Any, monkeypatch: pytest.MonkeyPatch, its_seed_is: str
):
    if its_seed_is == "forgotten":
        monkeypatch.setattr(RefreshFamilies, "remembered_seed", lambda *_: None)
    others = strangers(provider, made_city)
    client, key = provider.client(token_endpoint_auth_method="none"), prover(provider.clock)
    code = provider.code(provider.browser(provider.resident()), client)
    right = {"code": code, "redirect_uri": client.redirect_uri, "code_verifier": VERIFIER}
    exchanged = Presented(provider, client, key, grant_type="authorization_code", **right).send().json
    token = exchanged["refresh_token"]
    grant_id, _, proof = token.split(".")
    presented = Presented(provider, client, key, grant_type="refresh_token", refresh_token=token)
    for spoiled in (
        {"refresh_token": f"{grant_id}.0.{proof[::-1]}"},
        {"refresh_token": f"{grant_id}.1.{proof}"},
        {"refresh_token": f"{'x' * 22}.0.{proof}"},
        {"refresh_token": proof},
        *({"client_id": other.id} for other in others),
        {"key": prover(provider.clock)},
    ):
        presented.is_refused("invalid_grant", **spoiled)
    presented.is_refused("invalid_dpop_proof", without_proof=True)
    presented.is_refused("invalid_scope", scope="openid billing.read")
    for resource in (RESOURCE, "urn:unknown", [ISSUER, ISSUER]):
        presented.is_refused("invalid_target", resource=resource)
    now = provider.clock.now()
    for over in ({"refreshed_at": now - timedelta(hours=12)}, {"expires_at": now}):
        with presented.while_stored(GRANT, **over):
            presented.is_refused("invalid_grant")
    check_what_it_stands_on(provider, presented)
    assert presented.send().status_code == 200


def test_a_family_of_the_same_number_with_another_seed_is_not_rotated(provider: Provider):
    """What the process remembers is compared with what is stored."""
    client, key = provider.client(token_endpoint_auth_method="none"), prover(provider.clock)
    code = provider.code(provider.browser(provider.resident()), client)
    right = {"code": code, "redirect_uri": client.redirect_uri, "code_verifier": VERIFIER}
    token = Presented(provider, client, key, grant_type="authorization_code", **right).send().json
    presented = Presented(
        provider, client, key, grant_type="refresh_token", refresh_token=token["refresh_token"]
    )
    with presented.while_stored(GRANT, refresh_seed="another"):
        presented.is_refused("invalid_grant")
    assert presented.send().status_code == 200
