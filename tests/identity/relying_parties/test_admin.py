"""Registering: the same thing twice changes nothing; secrets are shown once and overlap when rotated."""

from datetime import timedelta
from typing import Any

import pytest
from identity.clock import FixedClock
from identity.relying_parties.admin import Change, Registry
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.schemas import RegistrationRefusedError, read_city, read_client, read_resource
from identity.relying_parties.store import Clients
from identity.storage import Storage

SECRET, OTHER = "a-secret-of-at-least-thirty-two-chars", "another-secret-of-at-least-32-characters"
LOGO = '<svg xmlns="http://www.w3.org/2000/svg"/>'


@pytest.fixture
def registry(storage: Storage, clock: FixedClock) -> Registry:
    registry = Registry(storage, clock)
    registry.put_city(city())
    return registry


@pytest.fixture
def directory(storage: Storage, clock: FixedClock) -> RelyingPartyCache:
    return RelyingPartyCache(storage, clock)


def city(**changes: Any):
    content = {
        "id": "pinellas-park",
        "name": "City of Pinellas Park",
        "website": "https://www.pinellas-park.com",
        "support_phone": "727-369-0690",
        "support_name": "Utility Billing Department",
        "primary_color": "#1b5e4b",
        "accent_color": "#8a3b12",
        "logo_svg": LOGO,
        "languages": ["es", "en"],
        "time_zone": "America/New_York",
    }
    return read_city(content | changes)


def client(**changes: Any):
    content = {
        "id": "city-website",
        "city_id": "pinellas-park",
        "name": "The city website",
        "redirect_uris": ["https://city.example/callback"],
        "initiate_login_uri": "https://city.example/sign-in",
    }
    return read_client(content | changes)


def test_a_city_is_written_once(registry: Registry, directory: RelyingPartyCache):
    assert registry.put_city(city()) is Change.UNCHANGED
    assert registry.put_city(city(name="Pinellas Park")) is Change.UPDATED
    found = directory.city("pinellas-park")
    assert found is not None
    assert (found.name, found.languages) == ("Pinellas Park", ("es", "en"))


def test_a_client_gets_a_secret_that_is_shown_once(
    registry: Registry, directory: RelyingPartyCache, clock: FixedClock
):
    done = registry.put_client(client())
    assert done.change is Change.CREATED
    assert done.secret is not None
    assert len(done.secret) == 43
    found = directory.client("city-website")
    assert found is not None
    assert found.accepts_secret(done.secret, clock.now())
    assert not found.accepts_secret("x", clock.now())
    again = registry.put_client(client())
    assert (again.change, again.secret) == (Change.UNCHANGED, None)


def test_a_given_secret_becomes_the_only_one(
    registry: Registry, directory: RelyingPartyCache, clock: FixedClock
):
    registry.put_client(client(), SECRET)
    assert registry.put_client(client(), SECRET).change is Change.UNCHANGED
    assert registry.put_client(client(), OTHER).change is Change.UPDATED
    found = directory.client("city-website")
    assert found is not None
    assert found.accepts_secret(OTHER, clock.now())
    assert not found.accepts_secret(SECRET, clock.now())
    assert registry.put_client(client(), SECRET).change is Change.UPDATED


def test_secrets_are_stored_as_digests(registry: Registry, storage: Storage):
    registry.put_client(client(), SECRET)
    with storage.autocommit() as connection:
        described = Clients(connection).find_described_client("city-website")
    assert described is not None
    assert SECRET not in repr(described)


def test_a_rotated_secret_overlaps_with_the_old_one(
    registry: Registry, directory: RelyingPartyCache, clock: FixedClock
):
    registry.put_client(client(), SECRET)
    fresh = registry.rotate_secret("city-website", timedelta(hours=1))
    assert fresh is not None

    def accepted(secret: str) -> bool:
        found = directory.client("city-website")
        return found is not None and found.accepts_secret(secret, clock.now())

    assert accepted(SECRET)
    assert accepted(fresh)
    clock.advance(timedelta(hours=1))
    assert not accepted(SECRET)
    assert accepted(fresh)


def test_an_expired_secret_stops_at_its_second_even_while_cached(
    registry: Registry, directory: RelyingPartyCache, clock: FixedClock
):
    registry.put_client(client(), SECRET)
    registry.rotate_secret("city-website", timedelta(seconds=2))
    found = directory.client("city-website")
    assert found is not None
    assert found.accepts_secret(SECRET, clock.now() + timedelta(seconds=1))
    assert not found.accepts_secret(SECRET, clock.now() + timedelta(seconds=2))


def test_two_clients_may_have_the_same_secret(
    registry: Registry, directory: RelyingPartyCache, clock: FixedClock
):
    registry.put_client(client(), SECRET)
    registry.put_client(client(id="another"), SECRET)
    for name in ("city-website", "another"):
        found = directory.client(name)
        assert found is not None
        assert found.accepts_secret(SECRET, clock.now())


def test_a_public_client_has_no_secret(registry: Registry):
    public = client(token_endpoint_auth_method="none")
    assert registry.put_client(public).secret is None
    assert registry.rotate_secret("city-website", timedelta(0)) is None
    with pytest.raises(RegistrationRefusedError, match="no secret"):
        registry.put_client(public, SECRET)


def test_city_resources_and_scopes_must_be_known(registry: Registry):
    with pytest.raises(RegistrationRefusedError) as caught:
        registry.put_client(
            client(city_id="nowhere", resources=["urn:unknown"], scopes=["openid", "billing.read"])
        )
    assert [line.split(":")[0] for line in caught.value.lines] == ["city_id", "resources", "scopes"]
    billing = read_resource({"id": "urn:billing", "name": "Billing", "scopes": ["billing.read"]})
    assert registry.put_resource(billing, SECRET) is Change.CREATED
    assert registry.put_resource(billing, SECRET) is Change.UNCHANGED
    done = registry.put_client(client(resources=["urn:billing"], scopes=["openid", "billing.read"]))
    assert done.change is Change.CREATED


def test_a_disabled_client_is_gone_within_five_seconds_and_can_come_back(
    registry: Registry, directory: RelyingPartyCache, clock: FixedClock
):
    registry.put_client(client(), SECRET)
    assert directory.client("city-website") is not None
    assert registry.disable_client("city-website")
    assert not registry.disable_client("city-website")
    clock.advance(timedelta(seconds=5))
    assert directory.client("city-website") is None
    assert registry.put_client(client()).change is Change.UPDATED
    assert directory.client("city-website") is not None


def test_a_change_is_seen_within_five_seconds(
    registry: Registry, directory: RelyingPartyCache, clock: FixedClock
):
    registry.put_client(client(), SECRET)
    first = directory.client("city-website")
    registry.put_client(client(name="Renamed"))
    assert directory.client("city-website") is first
    clock.advance(timedelta(seconds=5))
    found = directory.client("city-website")
    assert found is not None
    assert found.name == "Renamed"


def test_what_is_unknown_is_not_remembered(registry: Registry, directory: RelyingPartyCache):
    assert directory.client("city-website") is None
    registry.put_client(client(), SECRET)
    assert directory.client("city-website") is not None


def test_what_can_be_no_id_never_reaches_the_database(directory: RelyingPartyCache):
    for text in ("\0", "x" * 256, "citý", "a\nb"):
        assert directory.client(text) is None
        assert directory.city(text) is None
        assert directory.resource(text) is None


def test_a_resource_proves_itself_with_its_secret(registry: Registry, directory: RelyingPartyCache):
    registry.put_resource(read_resource({"id": "urn:b", "name": "B", "scopes": ["b"]}), SECRET)
    resource = directory.resource("urn:b")
    assert resource is not None
    assert resource.accepts_secret(SECRET)
    assert not resource.accepts_secret(OTHER)
