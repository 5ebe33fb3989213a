"""Authenticates a call by the bearer token in its metadata (RFC 6750), once for the whole call."""

from collections.abc import Iterable
from contextvars import ContextVar

from billing_link.errors import Refusal, Refused
from billing_link.rpc.error_status import RefusedError
from billing_link.tokens.caller import Caller
from billing_link.tokens.verifier import Verifier

_caller: ContextVar[Caller] = ContextVar("caller")


def authenticate(metadata: Iterable[tuple[str, str | bytes]], verifier: Verifier) -> Caller:
    """Return the caller, and keep it for `require_scope` during this call.

    Raises `RefusedError` (TOKEN_INVALID, TOKEN_EXPIRED), and `UnavailableError` while identity's keys are not
    available.
    """
    values = [value for key, value in metadata if key == "authorization"]
    if len(values) != 1 or not isinstance(values[0], str):
        raise RefusedError(Refused(Refusal.TOKEN_INVALID))
    scheme, _, token = values[0].partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise RefusedError(Refused(Refusal.TOKEN_INVALID))
    outcome = verifier.verify(token)
    if isinstance(outcome, Refused):
        raise RefusedError(outcome)
    _caller.set(outcome)
    return outcome


def require_scope(scope: str) -> Caller:
    """Return this call's caller; raises `RefusedError` SCOPE_MISSING if the token lacks the scope."""
    caller = _caller.get()
    if scope not in caller.scopes:
        raise RefusedError(Refused(Refusal.SCOPE_MISSING, {"scope": scope}))
    return caller
