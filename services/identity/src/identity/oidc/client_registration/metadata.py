"""Client metadata (RFC 7591 §2) and the fields of a registration: one table for both directions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from identity.relying_parties.clients import EITHER_SECRET, SECRET_METHODS, RegisteredClient
from identity.relying_parties.schemas import RegistrationRefusedError


@dataclass(frozen=True)
class Shape:
    """The type of a value in JSON, and how a registration holds it."""

    description: str
    fits: Callable[[Any], bool]
    # From JSON to the registration's field, and back.
    read: Callable[[Any], Any] = lambda value: value
    write: Callable[[Any], Any] = lambda value: value


def _is_text(value: object) -> bool:
    # Pages show no other characters, and databases cannot hold NUL.
    return isinstance(value, str) and value.isprintable()


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


TEXT = Shape("text", _is_text)
TEXTS = Shape("a list of texts", _are_texts, write=sorted)
SPACE_DELIMITED = Shape("text", _is_text, read=str.split, write=lambda values: " ".join(sorted(values)))
METHOD = Shape(
    "a method of the discovery document",
    lambda value: _is_text(value) and value != EITHER_SECRET,
    # The default that RFC 7591 §2 names; the other way to send the secret serves as well.
    write=lambda method: SECRET_METHODS[0] if method == EITHER_SECRET else method,
)
BOOLEAN = Shape("true or false", lambda value: isinstance(value, bool))
OBJECT = Shape("an object", lambda value: isinstance(value, dict))

_METHOD = "token_endpoint_auth_method"
# The metadata that is registered and returned; other members are ignored (§2).
FIELDS: dict[str, Shape] = {
    "client_name": TEXT,
    "redirect_uris": TEXTS,
    "grant_types": TEXTS,
    "scope": SPACE_DELIMITED,
    _METHOD: METHOD,
    "jwks": OBJECT,
    "jwks_uri": TEXT,
    # RFC 8705 §2.1.2, §3.4; RFC 9449 §5.2; RFC 9126 §6; RFC 9101 §10.5.
    "tls_client_auth_subject_dn": TEXT,
    "tls_client_certificate_bound_access_tokens": BOOLEAN,
    "dpop_bound_access_tokens": BOOLEAN,
    "require_pushed_authorization_requests": BOOLEAN,
    "require_signed_request_object": BOOLEAN,
    # OpenID Connect Registration §2, RP-Initiated Logout §3.1, Back-Channel Logout §2.2.
    "id_token_signed_response_alg": TEXT,
    "userinfo_signed_response_alg": TEXT,
    "subject_type": TEXT,
    "sector_identifier_uri": TEXT,
    "logo_uri": TEXT,
    "policy_uri": TEXT,
    "tos_uri": TEXT,
    "initiate_login_uri": TEXT,
    "post_logout_redirect_uris": TEXTS,
    "backchannel_logout_uri": TEXT,
    "backchannel_logout_session_required": BOOLEAN,
}
# The members that a registration has under another name.
_RENAMED = {"client_name": "name", "scope": "scopes"}
_METADATA = {field: name for name, field in _RENAMED.items()}
# The members that may come in several languages, as `client_name#es` (§2.2).
_IN_LANGUAGES = ("client_name", "logo_uri", "policy_uri", "tos_uri")
# Follows from the grant types, and is returned all the same (§2.1).
RESPONSE_TYPES = "response_types"
_EMPTY: tuple[object, ...] = (None, "", [], frozenset())


def fields_of(metadata: Mapping[str, object]) -> dict[str, object]:
    """Return the registration's fields that the client sent; null and empty values count as left out.

    Raises `RegistrationRefusedError` for values of another type.
    """
    given = {name: value for name in FIELDS if (value := _value(metadata, name)) not in _EMPTY}
    faulty = [name for name in given if not FIELDS[name].fits(given[name])]
    lines = [f"{name}: must be {FIELDS[name].description}" for name in faulty]
    if lines:
        raise RegistrationRefusedError(lines)
    return {_field(name): FIELDS[name].read(value) for name, value in given.items()}


def metadata_of(client: RegisteredClient) -> dict[str, object]:
    """Return everything that is registered about a client, as client metadata."""
    registered = {name: getattr(client, _field(name)) for name in FIELDS}
    metadata = {name: FIELDS[name].write(value) for name, value in registered.items() if value not in _EMPTY}
    return metadata | {RESPONSE_TYPES: _response_types(client.grant_types)}


def kept_on_update(client: RegisteredClient, metadata: Mapping[str, object]) -> dict[str, object]:
    """Return the fields that an update leaves: those that no metadata sets, which are the operator's.

    And a method that was not chosen, where the client sends back what it was told.
    """
    set_by_client = {_field(name) for name in FIELDS}
    if metadata.get(_METHOD) == metadata_of(client)[_METHOD]:
        set_by_client.remove(_METHOD)
    return {name: value for name, value in client.registration.items() if name not in set_by_client}


def check_response_types(metadata: Mapping[str, object], grant_types: frozenset[str]) -> None:
    """Raise `RegistrationRefusedError` unless they are those of the grant types, or left out (§2.1)."""
    sent, fitting = metadata.get(RESPONSE_TYPES), _response_types(grant_types)
    if sent not in (None, fitting):
        line = f"{RESPONSE_TYPES}: there is code alone, for the grant type authorization_code"
        raise RegistrationRefusedError([line])


def with_metadata_name(line: str) -> str:
    """Return the line of a refusal with the member's name instead of the field's."""
    name = next((name for name in _METADATA if line.startswith(name)), "")
    return f"{_METADATA.get(name, '')}{line.removeprefix(name)}"


def _field(name: str) -> str:
    return _RENAMED.get(name, name)


def _value(metadata: Mapping[str, object], name: str) -> object:
    """Return the value, or where it comes in languages alone the first of them: a client has one."""
    value = metadata.get(name)
    if value is not None or name not in _IN_LANGUAGES:
        return value
    return next((tagged for key, tagged in metadata.items() if key.startswith(f"{name}#")), None)


def _response_types(grant_types: frozenset[str]) -> list[str]:
    return ["code"] if "authorization_code" in grant_types else []
