"""The `claims` parameter (OpenID Connect Core §5.5): claims that a client requests by name."""

from collections.abc import Mapping
from dataclasses import dataclass

from authlib.oauth2.rfc6749 import InvalidRequestError

from identity.json_text import JsonRefusedError, read_json
from identity.oidc.protocol.errors import UnmetAuthenticationRequirementsError
from identity.oidc.tokens import claims
from identity.relying_parties.clients import RegisteredClient

# The requested claims by name, with what is requested of each (§5.5.1); None and {} request no value.
_Requested = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class ClaimsRequest:
    """What of the parameter counts: claims about the resident that exist and that the client may have."""

    at_userinfo: tuple[str, ...] = ()
    in_id_token: tuple[str, ...] = ()
    # The only values of `sub` that the response may be about; None: any.
    subjects: frozenset[str] | None = None

    @property
    def scope(self) -> tuple[str, ...]:
        """The scopes that contain the requested claims: the resident consents in their words."""
        return tuple({claims.SCOPES[name]: None for name in (*self.at_userinfo, *self.in_id_token)})


def read(parameter: str | None, client: RegisteredClient) -> ClaimsRequest:
    """Return what counts; unknown claims are ignored (§5.5).

    Raises `InvalidRequestError`, and `UnmetAuthenticationRequirementsError` for an essential `acr` that
    no sign-in has here (§5.5.1.1).
    """
    if parameter is None:
        return ClaimsRequest()
    try:
        members = _object(read_json(parameter))
    except JsonRefusedError:
        raise InvalidRequestError("claims is not JSON.") from None
    at_userinfo, in_id_token = _requested(members.get("userinfo")), _requested(members.get("id_token"))
    acr, subjects = in_id_token.get("acr", {}), _values(in_id_token.get("sub", {}))
    accepted = _values(acr)
    if acr.get("essential") and accepted is not None and claims.SINGLE_FACTOR not in accepted:
        raise UnmetAuthenticationRequirementsError
    return ClaimsRequest(_allowed(at_userinfo, client), _allowed(in_id_token, client), subjects)


def _allowed(requested: _Requested, client: RegisteredClient) -> tuple[str, ...]:
    return tuple(
        name for name, scope in claims.SCOPES.items() if name in requested and scope in client.scopes
    )


def _requested(member: object) -> _Requested:
    """Return the claims of one member, checked in form."""
    requested = {name: _object(wanted) for name, wanted in _object(member).items()}
    for wanted in requested.values():
        essential, values = wanted.get("essential", False), wanted.get("values", [])
        if not isinstance(essential, bool) or not isinstance(values, list):
            raise InvalidRequestError("claims has a member essential or values of another type.")
    return requested


def _object(value: object) -> dict[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidRequestError("claims has something else where an object belongs.")
    return value


def _values(wanted: Mapping[str, object]) -> frozenset[str] | None:
    """Return the acceptable values; None: any."""
    if "value" not in wanted and "values" not in wanted:
        return None
    several = wanted.get("values")
    values = [wanted.get("value"), *(several if isinstance(several, list) else ())]
    return frozenset(value for value in values if isinstance(value, str))
