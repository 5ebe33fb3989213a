"""Revoking grants: every cause is remembered with the grant and has its event in the audit."""

from typing import Any

import pytest
from identity.config import Settings
from identity.continuation import Continuations
from identity.mail.queue import MailQueue
from identity.oidc.grants.models import Grant
from identity.oidc.grants.revocation import (
    Cause,
    Revocation,
    revoke_grants_of_client,
    revoke_grants_of_resident,
)
from identity.oidc.grants.store import Grants
from identity.relying_parties.cache import RelyingPartyCache
from identity.secret_keys import SecretKeys
from identity.web.mail_links import MailLinks
from identity_provider import ISSUER, SECRET_KEY, Provider

SECRET_KEYS = SecretKeys([SECRET_KEY])


@pytest.fixture
def revocation(provider: Provider) -> Revocation:
    settings = Settings(issuer=ISSUER, database_url=provider.url, secret_keys=[SECRET_KEY])
    cache = RelyingPartyCache(provider.storage, provider.clock)
    mail_links = MailLinks(settings, Continuations(SECRET_KEYS))
    mail_queue = MailQueue(SECRET_KEYS, provider.clock)
    return Revocation(provider.storage, provider.clock, cache, mail_queue, mail_links)


def grants_of(provider: Provider) -> list[Any]:
    with provider.storage.autocommit() as connection:
        return list(connection.execute(Grant.__table__.select()).all())


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_is_remembered_and_recorded(provider: Provider, revocation: Revocation, cause: Cause):
    provider.tokens(provider.browser(provider.resident()), provider.client())
    [grant] = grants_of(provider)
    with provider.storage.autocommit() as connection:
        view = Grants(connection).by_id(grant.id, provider.clock.now())
    revocation.revoke(view, cause)
    [revoked] = grants_of(provider)
    assert (revoked.revoked_at, revoked.revoked_for) == (provider.clock.now(), cause.value)
    assert provider.events()[-1] == cause.event
    revocation.revoke(view, cause)
    assert provider.events().count(cause.event) == 1


def test_all_grants_of_a_resident_or_those_of_one_client(provider: Provider):
    one, two = provider.client(), provider.client(id="another")
    jane, john = provider.browser(provider.resident()), provider.browser(provider.resident())
    for browser in (jane, john):
        for client in (one, two):
            provider.tokens(browser, client)

    with provider.storage.transaction() as tx:
        sids = revoke_grants_of_resident(
            tx, "resident-1", Cause.ACCESS_REMOVED, provider.clock.now(), client_id=one.id
        )
    assert sids == {provider.sids[0]}
    assert [(each.resident_id, each.client_id) for each in grants_of(provider) if each.revoked_at] == [
        ("resident-1", one.id)
    ]

    with provider.storage.transaction() as tx:
        revoke_grants_of_resident(tx, "resident-1", Cause.PROVIDER_NOTICE, provider.clock.now())
        revoke_grants_of_resident(tx, "resident-1", Cause.PROVIDER_NOTICE, provider.clock.now())
    revoked = {(each.client_id, each.revoked_for) for each in grants_of(provider) if each.revoked_at}
    assert revoked == {(one.id, "access_removed"), (two.id, "provider_notice")}
    assert provider.events().count("grant_revoked") == 2


def test_all_grants_of_a_client(provider: Provider):
    one, two = provider.client(), provider.client(id="another")
    browser = provider.browser(provider.resident())
    for client in (one, two):
        provider.tokens(browser, client)
    with provider.storage.transaction() as tx:
        revoke_grants_of_client(tx, one.id, Cause.CLIENT_DELETED, provider.clock.now())
    assert [each.client_id for each in grants_of(provider) if each.revoked_at] == [one.id]
    assert provider.events().count("grant_revoked") == 1
