"""Who is calling: the bearer token in a call's metadata, verified, and kept for the duration of the call."""

from collections.abc import Iterable
from contextvars import ContextVar

from billing_link.errors import Refusal, RefusedError
from billing_link.tokens.caller import Caller
from billing_link.tokens.verifier import Verifier

_caller: ContextVar[Caller] = ContextVar("caller")


def authenticate(metadata: Iterable[tuple[str, str | bytes]], verifier: Verifier) -> Caller:
    """Return the caller and remember them for this call; raises what `Verifier.verify` does."""
    given = [value for key, value in metadata if key == "authorization"]
    if len(given) != 1 or not isinstance(given[0], str):
        raise RefusedError(Refusal.TOKEN_INVALID)
    scheme, _, token = given[0].partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise RefusedError(Refusal.TOKEN_INVALID)
    caller = verifier.verify(token)
    _caller.set(caller)
    return caller


def require_scope(scope: str) -> Caller:
    """Return this call's caller if the token has the scope; raises `RefusedError` SCOPE_MISSING if not."""
    caller = _caller.get()
    if scope not in caller.scopes:
        raise RefusedError(Refusal.SCOPE_MISSING, scope=scope)
    return caller
