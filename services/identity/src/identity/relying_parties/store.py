"""The tables of cities, clients and resources.

Reading works on an autocommit connection and in a transaction; writing needs a transaction.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import RowMapping, Table, delete, insert, or_, select, update

from identity.relying_parties.clients import (
    EITHER_SECRET,
    DescribedClient,
    LiveSecret,
    RegisteredCity,
    RegisteredClient,
    RegisteredResource,
)
from identity.relying_parties.invitations.models import SelfRegistration
from identity.relying_parties.models import City, Client, ClientSecret, Resource
from identity.storage import Executor, table_of

CITY = table_of(City)
CLIENT = table_of(Client)
SECRET = table_of(ClientSecret)
SELF = table_of(SelfRegistration)
RESOURCE = table_of(Resource)
# RFC 7591 §2: the method of clients that name none.
_NO_CHOICE = "client_secret_basic"
# Columns with the values of the registration's fields.
_PLAIN = (
    "userinfo_signed_response_alg",
    "claims_in_id_token",
    "subject_type",
    "sector_identifier_uri",
    "logo_uri",
    "policy_uri",
    "tos_uri",
    "jwks",
    "jwks_uri",
    "tls_client_auth_subject_dn",
    "tls_client_certificate_bound_access_tokens",
    "dpop_bound_access_tokens",
    "require_pushed_authorization_requests",
    "require_signed_request_object",
    "profile",
)
# Sorted lists in the database, sets elsewhere.
_SETS = (
    "grant_types",
    "redirect_uris",
    "post_logout_redirect_uris",
    "scopes",
    "resources",
    "token_exchange_resources",
)

# Without the salt, which is read with the clients.
_CITIES = select(*(column for column in CITY.c if column is not CITY.c.subject_salt))
_CLIENTS = (
    select(
        CLIENT,
        CITY.c.subject_salt,
        SECRET.c.digest,
        SECRET.c.expires_at,
        SELF.c.client_id.is_not(None).label("registered_itself"),
    )
    .join_from(CLIENT, CITY, CITY.c.id == CLIENT.c.city_id)
    .outerjoin(SELF, SELF.c.client_id == CLIENT.c.id)
)


class Cities:
    """The cities."""

    def __init__(self, connection: Executor) -> None:
        self._connection = connection

    def find_city(self, city_id: str) -> RegisteredCity | None:
        """Return the city with this id, or None."""
        row = self._connection.execute(_CITIES.where(CITY.c.id == city_id)).mappings().first()
        return _city(row) if row else None

    def list_cities(self) -> list[RegisteredCity]:
        """Return all cities, by id."""
        return [_city(row) for row in self._connection.execute(_CITIES.order_by(CITY.c.id)).mappings()]

    def list_names(self) -> list[str]:
        """Return the names of all cities, by id."""
        return list(self._connection.execute(select(CITY.c.name).order_by(CITY.c.id)).scalars())

    def put_city(self, city: RegisteredCity) -> None:
        """Write the city, new or changed."""
        methods = None if city.sign_in_methods is None else list(city.sign_in_methods)
        fields = {**vars(city), "languages": list(city.languages), "sign_in_methods": methods}
        _put(self._connection, CITY, fields)


class Clients:
    """The clients and their secrets."""

    def __init__(self, connection: Executor) -> None:
        self._connection = connection

    def find_enabled_client(self, client_id: str, now: datetime) -> RegisteredClient | None:
        """Return the client with its live secrets; None if it is unknown or disabled."""
        is_live = or_(SECRET.c.expires_at.is_(None), SECRET.c.expires_at > now)
        statement = _CLIENTS.outerjoin(SECRET, (SECRET.c.client_id == CLIENT.c.id) & is_live).where(
            CLIENT.c.id == client_id, CLIENT.c.disabled_at.is_(None)
        )
        rows = self._connection.execute(statement).mappings().all()
        return _client(rows) if rows else None

    def find_initiate_login_uri(self, resource_id: str, city_id: str) -> str:
        """Return the `initiate_login_uri` of the city's oldest client of the resource, or "" without one."""
        statement = (
            select(CLIENT.c.initiate_login_uri, CLIENT.c.resources)
            .where(
                CLIENT.c.city_id == city_id, CLIENT.c.disabled_at.is_(None), CLIENT.c.initiate_login_uri != ""
            )
            .order_by(CLIENT.c.created_at, CLIENT.c.id)
        )
        rows = self._connection.execute(statement)
        return next((row.initiate_login_uri for row in rows if resource_id in row.resources), "")

    def find_described_client(self, client_id: str) -> DescribedClient | None:
        """Return the client as an operator sees it, also a disabled one, with all its secrets; or None."""
        return next((entry for entry in self.list_clients() if entry.client.id == client_id), None)

    def list_clients(self) -> list[DescribedClient]:
        """Return all clients, by id, as an operator sees them."""
        statement = _CLIENTS.outerjoin(SECRET, SECRET.c.client_id == CLIENT.c.id).order_by(
            CLIENT.c.id, SECRET.c.created_at
        )
        rows = self._connection.execute(statement).mappings().all()
        return [
            DescribedClient(_client(own), own[0]["created_at"], own[0]["disabled_at"])
            for _, group in groupby(rows, key=lambda row: row["id"])
            if (own := list(group))
        ]

    def put_client(self, client: RegisteredClient, now: datetime) -> None:
        """Write the client, new or changed, without its secrets; this enables a disabled one."""
        _put(self._connection, CLIENT, {**_columns(client), "disabled_at": None}, created_at=now)

    def update_client(self, client: RegisteredClient) -> None:
        """Write the changed client without its secrets; changes nothing if it is disabled."""
        is_enabled = (CLIENT.c.id == client.id) & CLIENT.c.disabled_at.is_(None)
        self._connection.execute(update(CLIENT).where(is_enabled).values(**_columns(client)))

    def disable_client(self, client_id: str, now: datetime) -> bool:
        """Disable the client; True if it was enabled."""
        statement = (
            update(CLIENT)
            .where(CLIENT.c.id == client_id, CLIENT.c.disabled_at.is_(None))
            .values(disabled_at=now)
            .returning(CLIENT.c.id)
        )
        return self._connection.execute(statement).first() is not None

    def add_secret(self, client_id: str, digest: str, now: datetime) -> None:
        """Add a secret that does not expire; one that expires no longer does."""
        self._connection.execute(
            delete(SECRET).where(SECRET.c.client_id == client_id, SECRET.c.digest == digest)
        )
        self._connection.execute(
            insert(SECRET).values(client_id=client_id, digest=digest, created_at=now, expires_at=None)
        )

    def expire_secrets(self, client_id: str, at: datetime, *, except_digest: str) -> None:
        """Expire every other secret of the client at this time, if it does not expire earlier."""
        self._connection.execute(
            update(SECRET)
            .where(
                SECRET.c.client_id == client_id,
                SECRET.c.digest != except_digest,
                or_(SECRET.c.expires_at.is_(None), SECRET.c.expires_at > at),
            )
            .values(expires_at=at)
        )

    def delete_retiring_secrets(self, client_id: str) -> None:
        """Delete the client's secrets that expire or have expired."""
        self._connection.execute(
            delete(SECRET).where(SECRET.c.client_id == client_id, SECRET.c.expires_at.is_not(None))
        )

    def delete_expired_secrets(self, now: datetime) -> None:
        """Delete the expired secrets of all clients."""
        self._connection.execute(delete(SECRET).where(SECRET.c.expires_at <= now))


class Resources:
    """The services that accept access tokens."""

    def __init__(self, connection: Executor) -> None:
        self._connection = connection

    def find_resource(self, resource_id: str) -> RegisteredResource | None:
        """Return the resource with this indicator (RFC 8707), or None."""
        row = (
            self._connection.execute(select(RESOURCE).where(RESOURCE.c.id == resource_id)).mappings().first()
        )
        return _resource(row) if row else None

    def list_resources(self) -> list[RegisteredResource]:
        """Return all resources, by indicator."""
        statement = select(RESOURCE).order_by(RESOURCE.c.id)
        return [_resource(row) for row in self._connection.execute(statement).mappings()]

    def put_resource(self, resource: RegisteredResource, now: datetime) -> None:
        """Write the resource, new or changed."""
        _put(
            self._connection, RESOURCE, {**vars(resource), "scopes": sorted(resource.scopes)}, created_at=now
        )


def _put(connection: Executor, table: Table, fields: dict[str, Any], **only_new: datetime) -> None:
    change = update(table).where(table.c.id == fields["id"]).values(**fields).returning(table.c.id)
    if connection.execute(change).first() is None:
        connection.execute(insert(table).values(**fields, **only_new))


def _columns(client: RegisteredClient) -> dict[str, Any]:
    fields = client.registration
    method = fields["token_endpoint_auth_method"]
    # A column of its own, because the release before knows no such method.
    authentication = {
        "token_endpoint_auth_method": _NO_CHOICE if method == EITHER_SECRET else method,
        "either_secret_method": method == EITHER_SECRET,
    }
    return fields | {name: sorted(fields[name]) for name in _SETS} | authentication


def _city(row: RowMapping) -> RegisteredCity:
    methods = row["sign_in_methods"]
    chosen = {
        "languages": tuple(row["languages"]),
        "sign_in_methods": None if methods is None else tuple(methods),
    }
    return RegisteredCity(**{**row, **chosen})


def _client(rows: Sequence[RowMapping]) -> RegisteredClient:
    row = rows[0]
    return RegisteredClient(
        id=row["id"],
        city_id=row["city_id"],
        name=row["name"],
        token_endpoint_auth_method=_authentication_method(row),
        id_token_signed_response_alg=row["id_token_signed_response_alg"],
        grant_types=frozenset(row["grant_types"]),
        redirect_uris=frozenset(row["redirect_uris"]),
        post_logout_redirect_uris=frozenset(row["post_logout_redirect_uris"]),
        initiate_login_uri=row["initiate_login_uri"],
        scopes=frozenset(row["scopes"]),
        resources=frozenset(row["resources"]),
        pkce_required=row["pkce_required"],
        first_party=row["first_party"],
        token_exchange_resources=frozenset(row["token_exchange_resources"]),
        **{name: row[name] for name in _PLAIN},
        secrets=tuple(LiveSecret(r["digest"], r["expires_at"]) for r in rows if r["digest"] is not None),
        backchannel_logout_uri=row["backchannel_logout_uri"],
        backchannel_logout_session_required=row["backchannel_logout_session_required"],
        subject_salt=row["subject_salt"],
        registered_itself=row["registered_itself"],
    )


def _authentication_method(row: RowMapping) -> str:
    method: str = row["token_endpoint_auth_method"]
    return EITHER_SECRET if method == _NO_CHOICE and row["either_secret_method"] else method


def _resource(row: RowMapping) -> RegisteredResource:
    return RegisteredResource(
        id=row["id"],
        name=row["name"],
        secret_digest=row["secret_digest"],
        scopes=frozenset(row["scopes"]),
    )
