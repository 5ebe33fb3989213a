"""The `claims` parameter (OpenID Connect Core §5.5): what a client asks for by name, beside its scope."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError

from identity.oidc.protocol.errors import UnmetAuthenticationRequirementsError
from identity.oidc.tokens import claims
from identity.relying_parties.clients import RegisteredClient

# Each claim that is asked for, with what is asked of it (§5.5.1); None and {} ask for nothing in particular.
_Asked = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class ClaimsRequest:
    """What of the parameter counts: claims about the resident that exist and that the client may have."""

    at_userinfo: tuple[str, ...] = ()
    in_id_token: tuple[str, ...] = ()
    # The only residents that it may be about; None: anybody.
    subjects: frozenset[str] | None = None

    @property
    def scope(self) -> tuple[str, ...]:
        """Return the scopes that contain what is asked for: in these words a resident is asked."""
        return tuple({claims.SCOPES[name]: None for name in (*self.at_userinfo, *self.in_id_token)})


def read(parameter: str | None, client: RegisteredClient) -> ClaimsRequest:
    """Return what counts; what is not known is ignored (§5.5).

    Raises `InvalidRequestError`, and `UnmetAuthenticationRequirementsError` for an essential `acr` that
    nobody can have here (§5.5.1.1).
    """
    if parameter is None:
        return ClaimsRequest()
    try:
        members = _object(json.loads(parameter))
    except (ValueError, RecursionError):
        raise InvalidRequestError("claims is not JSON.") from None
    at_userinfo, in_id_token = _asked(members.get("userinfo")), _asked(members.get("id_token"))
    acr, subjects = in_id_token.get("acr", {}), _values(in_id_token.get("sub", {}))
    accepted = _values(acr)
    if acr.get("essential") and accepted is not None and claims.SINGLE_FACTOR not in accepted:
        raise UnmetAuthenticationRequirementsError
    return ClaimsRequest(_given(at_userinfo, client), _given(in_id_token, client), subjects)


def _given(asked: _Asked, client: RegisteredClient) -> tuple[str, ...]:
    return tuple(name for name, scope in claims.SCOPES.items() if name in asked and scope in client.scopes)


def _asked(member: object) -> _Asked:
    """Return the claims of one member, checked in form."""
    asked = {name: _object(wish) for name, wish in _object(member).items()}
    for wish in asked.values():
        if not isinstance(wish.get("essential", False), bool) or not isinstance(wish.get("values", []), list):
            raise InvalidRequestError("claims has a member essential or values of another type.")
    return asked


def _object(value: object) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidRequestError("claims has something else where an object belongs.")
    return value


def _values(wish: Mapping[str, Any]) -> frozenset[str] | None:
    """Return the values that are acceptable; None: any."""
    if "value" not in wish and "values" not in wish:
        return None
    return frozenset(one for one in (wish.get("value"), *wish.get("values", ())) if isinstance(one, str))
