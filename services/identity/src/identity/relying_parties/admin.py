"""What an operator does: registers cities, clients and resources, invites clients to register themselves."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from identity import randomness
from identity.clock import Clock
from identity.relying_parties.clients import DescribedClient
from identity.relying_parties.invitations.invitation import Invitation
from identity.relying_parties.invitations.store import Invitations
from identity.relying_parties.names import mixes_alphabets, skeleton
from identity.relying_parties.schemas import (
    OWN_SCOPES,
    CityRegistration,
    ClientRegistration,
    InvitationRegistration,
    RegistrationRefusedError,
    ResourceRegistration,
    check_secret,
)
from identity.relying_parties.store import Cities, Clients, Resources
from identity.secret_keys import digest
from identity.storage import Executor, Storage

# An invitation's id is read aloud and typed: no two characters look alike.
_ID_ALPHABET, _ID_LENGTH = "abcdefghjkmnpqrstuvwxyz23456789", 10


class Change(StrEnum):
    """What writing a registration changed."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class WrittenClient:
    """The outcome of writing a client. Holds a secret in plain text: it is shown once and stored nowhere."""

    change: Change
    # None unless a new one was made.
    secret: str | None


@dataclass(frozen=True)
class NewInvitation:
    """An invitation. Holds its token in plain text: it is shown once and stored nowhere."""

    invitation: Invitation
    token: str


class Registry:
    """Writes registrations. Writing the same one again changes nothing."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock

    def put_city(self, registration: CityRegistration) -> Change:
        """Write a city, new or changed."""
        city = registration.registered()
        with self._storage.transaction() as tx:
            cities = Cities(tx)
            known = cities.find_city(city.id)
            if known == city:
                return Change.UNCHANGED
            cities.put_city(city)
        return Change.UPDATED if known else Change.CREATED

    def put_client(self, registration: ClientRegistration, secret: str | None = None) -> WrittenClient:
        """Write a client, new or changed; raises `RegistrationRefusedError`.

        `secret` becomes its only one. Without it, a new secret is made for a client that needs one and has
        none.
        """
        client, now = registration.registered(), self._clock.now()
        if secret is not None:
            check_secret(secret)
        if client.is_public and secret is not None:
            raise RegistrationRefusedError(["a public client has no secret"])
        if not client.uses_secret and secret is not None:
            raise RegistrationRefusedError([f"{client.token_endpoint_auth_method} goes without a secret"])
        with self._storage.transaction() as tx:
            check_references(tx, registration)
            clients = Clients(tx)
            known = clients.find_described_client(client.id)
            change = _change(known, registration)
            if change is not Change.UNCHANGED:
                clients.put_client(client, now)
            live = {s.digest for s in known.client.secrets if s.expires_at is None} if known else set()
            made = randomness.secret() if client.uses_secret and not (secret or live) else None
            wanted = made or secret
            if live and not client.uses_secret:
                clients.expire_secrets(client.id, now, except_digest="")
            if wanted and live != {digest(wanted)}:
                if digest(wanted) not in live:
                    clients.add_secret(client.id, digest(wanted), now)
                clients.expire_secrets(client.id, now, except_digest=digest(wanted))
                change = Change.UPDATED if change is Change.UNCHANGED else change
        return WrittenClient(change, made)

    def rotate_secret(self, client_id: str, overlap: timedelta) -> str | None:
        """Make a new secret; the old ones work for `overlap` longer. None if there is no such client."""
        now, secret = self._clock.now(), randomness.secret()
        with self._storage.transaction() as tx:
            clients = Clients(tx)
            described = clients.find_described_client(client_id)
            if described is None or not described.client.uses_secret:
                return None
            clients.delete_expired_secrets(now)
            clients.add_secret(client_id, digest(secret), now)
            clients.expire_secrets(client_id, now + overlap, except_digest=digest(secret))
        return secret

    def disable_client(self, client_id: str) -> bool:
        """Disable a client; True if it was enabled. Every process sees it within five seconds."""
        with self._storage.transaction() as tx:
            return Clients(tx).disable_client(client_id, self._clock.now())

    def invite(self, registration: InvitationRegistration) -> NewInvitation:
        """Add an invitation and its initial access token (RFC 7591 §3); raises `RegistrationRefusedError`."""
        now, token = self._clock.now(), randomness.secret()
        invitation = Invitation(
            id=randomness.text_of(_ID_ALPHABET, _ID_LENGTH),
            city_id=registration.city_id,
            redirect_hosts=registration.redirect_hosts,
            scopes=registration.scopes,
            grant_types=registration.grant_types,
            pkce_required=registration.pkce_required,
            registrations_left=registration.registrations,
            created_at=now,
            expires_at=now + timedelta(days=registration.lifetime),
            revoked_at=None,
        )
        with self._storage.transaction() as tx:
            lines = _problems_with_city(tx, invitation.city_id)
            known = {scope for resource in Resources(tx).list_resources() for scope in resource.scopes}
            lines += _problems_with_scopes(invitation.scopes, known, "belong to no resource")
            if lines:
                raise RegistrationRefusedError(lines)
            Invitations(tx).add_invitation(invitation, digest(token))
        return NewInvitation(invitation, token)

    def revoke_invitation(self, invitation_id: str) -> bool:
        """Revoke the invitation; True if it was still open."""
        with self._storage.transaction() as tx:
            return Invitations(tx).revoke_invitation(invitation_id, self._clock.now())

    def put_resource(self, registration: ResourceRegistration, secret: str) -> Change:
        """Write a resource and its secret, new or changed; raises `RegistrationRefusedError`."""
        check_secret(secret)
        resource = registration.registered(digest(secret))
        with self._storage.transaction() as tx:
            resources = Resources(tx)
            known = resources.find_resource(resource.id)
            if known == resource:
                return Change.UNCHANGED
            resources.put_resource(resource, self._clock.now())
        return Change.UPDATED if known else Change.CREATED


def _change(known: DescribedClient | None, registration: ClientRegistration) -> Change:
    if known is None:
        return Change.CREATED
    is_same = replace(known.client, secrets=()) == registration.registered() and known.disabled_at is None
    return Change.UNCHANGED if is_same else Change.UPDATED


def check_references(executor: Executor, registration: ClientRegistration) -> None:
    """Raise `RegistrationRefusedError` unless the client's city, resources and scopes are registered.

    And unless its name is its own: a third party cannot be called like a city or a city's own website.
    """
    lines = [
        *_problems_with_city(executor, registration.city_id),
        *_problems_with_name(executor, registration),
    ]
    known_scopes: set[str] = set()
    for name in ("resources", "token_exchange_resources"):
        for resource_id in sorted(getattr(registration, name)):
            resource = Resources(executor).find_resource(resource_id)
            if resource is None:
                lines.append(f"{name}: there is no resource {resource_id!r}; put it first")
            else:
                known_scopes |= resource.scopes
    lines += _problems_with_scopes(registration.scopes, known_scopes, "belong to none of its resources")
    if lines:
        raise RegistrationRefusedError(lines)


def _problems_with_name(executor: Executor, registration: ClientRegistration) -> list[str]:
    if registration.first_party:
        return []
    if mixes_alphabets(registration.name):
        return ["name: mixes letters of several alphabets, which residents cannot tell apart"]
    taken = {skeleton(city.name) for city in Cities(executor).list_cities()}
    taken |= {
        skeleton(each.client.name) for each in Clients(executor).list_clients() if each.client.first_party
    }
    is_taken = skeleton(registration.name) in taken
    return ["name: is, or looks like, that of a city or of a city's own website"] if is_taken else []


def _problems_with_city(executor: Executor, city_id: str) -> list[str]:
    is_known = Cities(executor).find_city(city_id) is not None
    return [] if is_known else [f"city_id: there is no city {city_id!r}; put it first"]


def _problems_with_scopes(scopes: Collection[str], of_resources: Collection[str], words: str) -> list[str]:
    unknown = sorted(set(scopes) - set(OWN_SCOPES) - set(of_resources))
    return [f"scopes: {', '.join(unknown)} {words}"] if unknown else []
