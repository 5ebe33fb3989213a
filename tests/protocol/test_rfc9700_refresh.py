"""RFC 9700 §4.14, Refresh Token Protection: rotation in families, reuse detected, a lost answer forgiven."""

import json
from datetime import timedelta
from typing import Any

from identity.outbox.models import OutboxMessage
from identity.residents.passwords.models import Password
from identity.residents.sessions.models import Session
from identity.secret_keys import SecretKeys
from identity_provider import SECRET_KEY, Provider


def family(provider: Provider, **changes: str):
    client = provider.client()
    tokens = provider.tokens(provider.browser(provider.resident()), client, **changes)
    return client, tokens["refresh_token"]


def mails(provider: Provider) -> list[dict[str, Any]]:
    with provider.storage.transaction() as tx:
        sealed = [message.payload for message in tx.query(OutboxMessage)]
    return [json.loads(SecretKeys([SECRET_KEY]).decrypt(payload)) for payload in sealed]


def test_each_use_replaces_the_token(provider: Provider):
    client, first = family(provider)
    second = provider.refresh(client, first).json["refresh_token"]
    third = provider.refresh(client, second).json["refresh_token"]
    assert len({first, second, third}) == 3


def test_within_thirty_seconds_the_same_successor_is_returned(provider: Provider):
    client, first = family(provider)
    second = provider.refresh(client, first).json["refresh_token"]
    provider.advance(seconds=29)
    again = provider.refresh(client, first)
    assert again.status_code == 200
    assert again.json["refresh_token"] == second
    assert provider.refresh(client, second).status_code == 200


def test_afterwards_a_reuse_ends_the_family_and_is_recorded(provider: Provider):
    client, first = family(provider)
    answer = provider.refresh(client, first).json
    provider.advance(seconds=30)
    assert provider.refresh(client, first).json["error"] == "invalid_grant"
    assert provider.refresh(client, answer["refresh_token"]).json["error"] == "invalid_grant"
    assert provider.userinfo(answer["access_token"]).status_code == 401
    assert provider.events().count("refresh_replayed") == 1


def test_4_14_2_the_resident_is_told_once_by_mail(provider: Provider):
    client, first = family(provider)
    provider.refresh(client, first)
    assert mails(provider) == []
    provider.advance(seconds=30)
    for _ in range(3):
        provider.refresh(client, first)
    [mail] = mails(provider)
    assert mail["to"] == "jane1@example.com"
    assert (mail["template"], mail["city_id"]) == ("sessions_ended_for_safety", "pinellas-park")
    assert mail["facts"]["service"] == "The city website"
    assert mail["facts"]["reset_link"].startswith("http://localhost:8000/forgot-password?continue=")
    assert provider.browser().get(mail["facts"]["reset_link"]).status_code == 200


def test_a_resident_without_an_address_is_told_nothing(provider: Provider):
    client = provider.client()
    resident = provider.resident(email=None, email_key=None, email_verified_at=None)
    first = provider.tokens(provider.browser(resident), client)["refresh_token"]
    provider.refresh(client, first)
    provider.advance(seconds=30)
    assert provider.refresh(client, first).json["error"] == "invalid_grant"
    assert provider.events().count("refresh_replayed") == 1
    assert mails(provider) == []


def test_a_token_of_a_family_that_is_over_warns_nobody(provider: Provider):
    client, first = family(provider)
    provider.refresh(client, first)
    provider.end_session(provider.sids[-1])
    provider.advance(seconds=30)
    assert provider.refresh(client, first).json["error"] == "invalid_grant"
    assert mails(provider) == []


def test_an_older_token_than_the_predecessor_ends_the_family_at_once(provider: Provider):
    client, first = family(provider)
    second = provider.refresh(client, first).json["refresh_token"]
    third = provider.refresh(client, second).json["refresh_token"]
    assert provider.refresh(client, first).json["error"] == "invalid_grant"
    assert provider.refresh(client, third).json["error"] == "invalid_grant"


def test_a_second_device_has_a_family_of_its_own(provider: Provider):
    client = provider.client()
    resident = provider.resident()
    phone, laptop = (provider.tokens(provider.browser(resident), client) for _ in range(2))
    provider.refresh(client, phone["refresh_token"])
    provider.advance(seconds=31)
    assert provider.refresh(client, phone["refresh_token"]).status_code == 400
    assert provider.refresh(client, laptop["refresh_token"]).status_code == 200


def test_a_token_is_bound_to_its_client(provider: Provider):
    client, token = family(provider)
    other = provider.client(id="another")
    assert provider.refresh(other, token).json["error"] == "invalid_grant"
    assert provider.refresh(client, token).status_code == 200


def test_tokens_that_we_did_not_make_end_nothing(provider: Provider):
    client, token = family(provider)
    grant, generation, proof = token.split(".")
    swapped = proof[::-1]
    for forged in (
        f"{grant}.{generation}.{swapped}",
        f"{grant}.1.{proof}",
        f"{grant}.{generation}",
        f"{grant}.-1.{proof}",
        f"{'x' * 22}.0.{proof}",
        "a.b.c",
        "x" * 5000,
    ):
        assert provider.refresh(client, forged).json["error"] == "invalid_grant", forged
    assert provider.refresh(client, token).status_code == 200


def test_twelve_hours_without_use_end_it(provider: Provider):
    client, token = family(provider)
    with provider.storage.transaction() as tx:
        live = tx.get_one(Session, provider.sids[-1])
        live.expires_at += timedelta(days=60)
    provider.advance(hours=11, minutes=59)
    token = provider.refresh(client, token).json["refresh_token"]
    provider.advance(hours=12)
    assert provider.refresh(client, token).json["error"] == "invalid_grant"


def test_thirty_days_end_it_however_busy(provider: Provider):
    client, token = family(provider, scope="openid offline_access")
    for _ in range(59):
        provider.advance(hours=11, minutes=59)
        token = provider.refresh(client, token).json["refresh_token"]
    provider.advance(hours=13)
    assert provider.refresh(client, token).json["error"] == "invalid_grant"


def test_it_ends_with_the_session(provider: Provider):
    client, token = family(provider)
    provider.end_session(provider.sids[-1])
    assert provider.refresh(client, token).json["error"] == "invalid_grant"


def test_with_offline_access_it_outlives_the_session(provider: Provider):
    client, token = family(provider, scope="openid offline_access")
    provider.end_session(provider.sids[-1])
    assert provider.refresh(client, token).status_code == 200


def test_a_changed_password_ends_offline_grants_too(provider: Provider):
    client, token = family(provider, scope="openid offline_access")
    provider.advance(seconds=1)
    with provider.storage.transaction() as tx:
        tx.add(Password(resident_id="resident-1", hash="x", changed_at=provider.clock.now()))
    assert provider.refresh(client, token).json["error"] == "invalid_grant"
