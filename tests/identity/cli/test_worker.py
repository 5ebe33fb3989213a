"""What the worker does beside mail: signing keys are made, and what is over is deleted."""

from datetime import timedelta

from identity.cli.operator import Operator
from identity.cli.worker import cleaners
from identity.config import Settings
from identity.oidc.authorization.models import Interaction
from identity.oidc.device.models import DeviceAuthorization
from identity.oidc.grants.models import Grant
from identity.outbox.worker import Worker
from identity.residents.sessions.models import Session
from identity.secret_keys import SecretKeys
from identity_provider import SECRET_KEY, Provider
from sqlalchemy import func, select


class NoMail:
    """Stands where the mailer would."""

    def send(self, *_arguments: object) -> None:
        raise AssertionError("there is no mail")


def counted(provider: Provider, model: type) -> int:
    with provider.storage.transaction() as tx:
        return tx.scalar(select(func.count()).select_from(model)) or 0


def test_what_is_over_is_deleted_and_what_lives_stays(provider: Provider):
    settings = Settings(issuer="http://localhost", database_url=provider.url, secret_keys=[SECRET_KEY])
    operator = Operator(settings, provider.storage, SecretKeys([SECRET_KEY]), provider.clock, None)
    worker = Worker(provider.storage, operator.secret_keys, [], provider.clock, cleaners=cleaners(operator))
    client = provider.client()
    browser = provider.browser(provider.resident())
    provider.code(browser, client)
    kept = provider.tokens(browser, client, scope="openid offline_access")
    provider.browser().authorize(client.request())
    device_code = "urn:ietf:params:oauth:grant-type:device_code"
    kiosk = provider.client(id="kiosk", grant_types=[device_code])
    provider.app.test_client().post("/device_authorization", headers=kiosk.basic(), data={"scope": "openid"})
    worker.clean()
    assert (counted(provider, Grant), counted(provider, Interaction)) == (2, 1)
    assert counted(provider, DeviceAuthorization) == 1
    provider.advance(days=2)
    worker.clean()
    assert (counted(provider, Grant), counted(provider, Interaction)) == (1, 0)
    assert counted(provider, DeviceAuthorization) == 0
    assert provider.claims(kept["id_token"])["sub"] == "resident-1"
    provider.advance(days=40)
    worker.clean()
    assert (counted(provider, Grant), counted(provider, Session)) == (0, 0)


def test_the_keys_turn_by_the_workers_clock(provider: Provider):
    settings = Settings(issuer="http://localhost", database_url=provider.url, secret_keys=[SECRET_KEY])
    operator = Operator(settings, provider.storage, SecretKeys([SECRET_KEY]), provider.clock, None)
    worker = Worker(provider.storage, operator.secret_keys, [], provider.clock, cleaners=cleaners(operator))

    def published() -> int:
        provider.clock.advance(timedelta(seconds=5))
        return len(provider.app.test_client().get("/jwks").json["keys"])

    assert published() == 2
    provider.advance(days=89)
    worker.clean()
    assert published() == 4
    provider.advance(days=1)
    worker.clean()
    provider.advance(days=1)
    worker.clean()
    assert published() == 2
