"""The verbs of a client that registers itself: register, read, update, delete."""

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from identity import randomness
from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.oidc.client_registration.metadata import check_response_types, fields_of, kept_on_update
from identity.oidc.grants.revocation import Cause, revoke_grants_of_client
from identity.relying_parties.admin import check_references
from identity.relying_parties.clients import RegisteredClient
from identity.relying_parties.invitations.invitation import Invitation, SelfRegistration
from identity.relying_parties.invitations.store import Invitations, SelfRegistrations
from identity.relying_parties.logos.logo import Logo, PublishedLogos
from identity.relying_parties.logos.store import Logos
from identity.relying_parties.schemas import ClientRegistration, RegistrationRefusedError, read_client
from identity.relying_parties.sector_identifiers import SectorIdentifiers
from identity.relying_parties.store import Clients, Resources
from identity.secret_keys import digest
from identity.storage import Executor, Storage

# Of their identifiers: operators see which clients they did not write themselves.
PREFIX = "dynamic-"
# How long a secret works after an update replaced it: as with `identity clients rotate-secret`.
OVERLAP = timedelta(hours=24)
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
# RFC 7592 §2.2: members that a client may not send back.
_NOT_SENT_BACK = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
)
# Fields whose addresses are fetched.
_PUBLISHED = {"sector_identifier_uri", "logo_uri"}

Metadata = Mapping[str, object]


@dataclass(frozen=True, repr=False)
class Registered:
    """The registration. Holds the token and the secret in plain text, which are stored nowhere."""

    client: RegisteredClient
    registered_at: datetime
    # The registration access token (RFC 7592 §3).
    token: str
    # None if the client has none, or keeps one that is not known here.
    secret: str | None = None


@dataclass(frozen=True)
class InvalidToken:
    """The token is not this client's, or the invitation's token is used up, expired or revoked."""


@dataclass(frozen=True)
class Deleted:
    """The client and all grants to it have ended."""


class ClientSelfService:
    """The registrations of clients that register themselves."""

    def __init__(
        self, storage: Storage, clock: Clock, sectors: SectorIdentifiers, logos: PublishedLogos
    ) -> None:
        self._storage, self._clock, self._sectors, self._logos = storage, clock, sectors, logos

    def register(self, invitation_token: str, sent: Metadata, ip_address: str) -> Registered | InvalidToken:
        """Register a new client (RFC 7591 §3).

        Raises `RegistrationRefusedError`, and then the invitation stays open.
        """
        now = self._clock.now()
        client_id, token = f"{PREFIX}{randomness.identifier()}", randomness.secret()
        with self._storage.autocommit() as connection:
            known = Invitations(connection).find_open_invitation(digest(invitation_token), now)
        if known is None:
            return InvalidToken()
        logo = self._fetch_published(sent, known, _kept_of_new(known, client_id))
        with self._storage.transaction() as tx:
            invitation = Invitations(tx).claim_invitation(digest(invitation_token), now)
            if invitation is None:
                return InvalidToken()
            kept = _kept_of_new(invitation, client_id)
            client = _checked(tx, sent, invitation, kept).registered()
            clients = Clients(tx)
            clients.put_client(client, now)
            Logos(tx).replace_logo(client_id, logo, now)
            secret = _new_secret(clients, client, now)
            SelfRegistrations(tx).add_self_registration(client_id, invitation.id, digest(token), now)
            Audit(tx).record(
                Event.CLIENT_REGISTERED_ITSELF,
                now,
                client_id=client_id,
                ip_address=ip_address,
                invitation=invitation.id,
            )
        return Registered(client, now, token, secret)

    def read(self, client_id: str, token: str) -> Registered | InvalidToken:
        """Return what is registered (RFC 7592 §2.1)."""
        known = self._authenticate(client_id, token)
        if known is None:
            return InvalidToken()
        with self._storage.autocommit() as connection:
            client = Clients(connection).find_enabled_client(client_id, self._clock.now())
        return Registered(client, known.registered_at, token) if client else InvalidToken()

    def update(
        self, client_id: str, token: str, sent: Metadata, ip_address: str
    ) -> Registered | InvalidToken:
        """Replace all of the client's metadata (RFC 7592 §2.2).

        The token is replaced too, and so is the secret unless the client sends it along; the former secret
        then works for `OVERLAP` longer. Raises `RegistrationRefusedError`, and then nothing has changed.
        """
        known = self._authenticate(client_id, token)
        if known is None:
            return InvalidToken()
        _check_update(sent, client_id)
        now, next_token = self._clock.now(), randomness.secret()
        with self._storage.autocommit() as connection:
            present = Clients(connection).find_enabled_client(client_id, now)
        if present is None:
            return InvalidToken()
        logo = self._fetch_published(sent, known.invitation, kept_on_update(present, sent))
        with self._storage.transaction() as tx:
            clients = Clients(tx)
            is_first = SelfRegistrations(tx).replace_token(known, digest(next_token))
            before = clients.find_enabled_client(client_id, now) if is_first else None
            if before is None:
                return InvalidToken()
            client = _checked(tx, sent, known.invitation, kept_on_update(before, sent)).registered()
            clients.update_client(client)
            Logos(tx).replace_logo(client_id, logo, now)
            secret = _secret_after(clients, before, client, sent.get("client_secret"), now)
            Audit(tx).record(Event.CLIENT_UPDATED_ITSELF, now, client_id=client_id, ip_address=ip_address)
        return Registered(client, known.registered_at, next_token, secret)

    def delete(self, client_id: str, token: str, ip_address: str) -> Deleted | InvalidToken:
        """End the client and all that residents granted to it (RFC 7592 §2.3)."""
        known, now = self._authenticate(client_id, token), self._clock.now()
        if known is None:
            return InvalidToken()
        with self._storage.transaction() as tx:
            if not SelfRegistrations(tx).remove_self_registration(known):
                return InvalidToken()
            clients = Clients(tx)
            clients.disable_client(client_id, now)
            clients.expire_secrets(client_id, now, except_digest="")
            revoke_grants_of_client(tx, client_id, Cause.CLIENT_DELETED, now)
            Audit(tx).record(Event.CLIENT_DELETED_ITSELF, now, client_id=client_id, ip_address=ip_address)
        return Deleted()

    def _fetch_published(
        self, sent: Metadata, invitation: Invitation, kept: Mapping[str, object]
    ) -> Logo | None:
        """Check the client's sector and return its logo, after all other checks, outside of a transaction."""
        if not _PUBLISHED & fields_of(sent).keys():
            return None
        with self._storage.autocommit() as connection:
            registration = _checked(connection, sent, invitation, kept)
        self._sectors.check(registration, public_only=True)
        return self._logos.fetch(registration.logo_uri, public_only=True) if registration.logo_uri else None

    def _authenticate(self, client_id: str, token: str) -> SelfRegistration | None:
        # Other text is no identifier, and PostgreSQL refuses some of it.
        if not _CLIENT_ID.fullmatch(client_id):
            return None
        with self._storage.autocommit() as connection:
            known = SelfRegistrations(connection).find_self_registration(client_id)
        return known if known and known.accepts_token(token) else None


def _kept_of_new(invitation: Invitation, client_id: str) -> dict[str, object]:
    """Return the fields of a new client that no metadata sets."""
    return {
        "id": client_id,
        "city_id": invitation.city_id,
        "first_party": False,
        "pkce_required": invitation.pkce_required,
    }


def _checked(
    executor: Executor, sent: Metadata, invitation: Invitation, kept: Mapping[str, object]
) -> ClientRegistration:
    """Return the registration if it keeps the rules of every registration and those of the invitation."""
    fields = fields_of(sent)
    content = _defaults(fields, invitation, str(kept["id"])) | fields | dict(kept)
    # A public client has nothing but PKCE to protect its code with.
    content["pkce_required"] = kept["pkce_required"] or content.get("token_endpoint_auth_method") == "none"
    # RFC 7591 has no member for resources: a client's are those whose scopes it has.
    resources = Resources(executor).list_resources()
    scopes = _texts(content["scopes"])
    content["resources"] = [each.id for each in resources if each.scopes.intersection(scopes)]
    registration = read_client(content)
    check_response_types(sent, registration.grant_types)
    if problems := invitation.problems_with(registration):
        raise RegistrationRefusedError(problems)
    check_references(executor, registration)
    return registration


def _defaults(fields: Mapping[str, object], invitation: Invitation, client_id: str) -> dict[str, object]:
    """Return the values of members that the client leaves out (RFC 7591 §2)."""
    site = urlsplit(next(iter(_texts(fields.get("redirect_uris"))), ""))
    return {
        "name": (site.netloc or client_id)[:100],
        "grant_types": ["authorization_code"],
        "scopes": invitation.scopes,
        # Where residents start again after a sign-in that took too long (OpenID Connect Core §4).
        "initiate_login_uri": f"{site.scheme}://{site.netloc}/" if site.netloc else "",
    }


def _texts(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, Iterable) else []


def _check_update(sent: Metadata, client_id: str) -> None:
    lines = [f"{name}: must not be sent" for name in _NOT_SENT_BACK if name in sent]
    if sent.get("client_id") != client_id:
        lines.append("client_id: must be that of the client")
    if lines:
        raise RegistrationRefusedError(lines)


def _secret_after(
    clients: Clients, before: RegisteredClient, client: RegisteredClient, sent: object, now: datetime
) -> str | None:
    """Return the secret that the client has from now on; None if it has none, or it is not known here."""
    if sent is not None and not _is_current(sent, before):
        raise RegistrationRefusedError(["client_secret: must be the current one; it cannot be chosen"])
    if not client.uses_secret:
        clients.expire_secrets(client.id, now, except_digest="")
        return None
    if isinstance(sent, str):
        return sent
    clients.delete_retiring_secrets(client.id)
    clients.expire_secrets(client.id, now + OVERLAP, except_digest="")
    return _new_secret(clients, client, now)


def _is_current(sent: object, client: RegisteredClient) -> bool:
    if not isinstance(sent, str) or not sent.isascii():
        return False
    current = [one for one in client.secrets if one.expires_at is None]
    return any(hmac.compare_digest(digest(sent), one.digest) for one in current)


def _new_secret(clients: Clients, client: RegisteredClient, now: datetime) -> str | None:
    if not client.uses_secret:
        return None
    secret = randomness.secret()
    clients.add_secret(client.id, digest(secret), now)
    return secret
