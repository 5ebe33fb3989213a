"""Sign-out at a client's request (OpenID Connect RP-Initiated Logout 1.0)."""

from dataclasses import dataclass
from urllib.parse import urlencode

import structlog

from identity.clock import Clock
from identity.oidc.protocol.parameters import Parameters
from identity.oidc.protocol.redirect_uris import is_registered_for_logout
from identity.oidc.tokens.id_token import IdTokenHint, IdTokens
from identity.oidc.tokens.signing import TokenRefusedError
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredClient
from identity.residents.sessions.lifecycle import EndReason, SessionLifecycle
from identity.storage import Storage
from identity.web.current_session import SignedIn

_log = structlog.get_logger(__name__)

# Parameters that the confirmation page sends again.
PARAMETERS = ("client_id", "post_logout_redirect_uri", "state")


@dataclass(frozen=True)
class LogoutRequest:
    """The valid parts of a request to sign out (§2)."""

    client: RegisteredClient | None
    # A verified `id_token_hint`: it names the client, the resident and the session.
    hint: IdTokenHint | None
    # The registered `post_logout_redirect_uri` with `state`; None: no redirect.
    return_to: str | None
    # What is wrong with the request, in words for the client's developer.
    fault: str | None


class RpInitiatedLogout:
    """Reads requests to sign out, decides whether to confirm them, and ends the sessions."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        relying_parties: RelyingPartyCache,
        id_tokens: IdTokens,
        sessions: SessionLifecycle,
    ) -> None:
        self._storage, self._clock, self._sessions = storage, clock, sessions
        self._relying_parties, self._id_tokens = relying_parties, id_tokens

    def read_request(self, parameters: Parameters) -> LogoutRequest:
        """Return the valid parts of the request; a fault prevents the redirect, not the sign-out.

        The page and the log tell the website's developer about it.
        """
        request = self._read(parameters)
        if request.fault:
            client_id = request.client.id if request.client else None
            _log.warning("end_session_request_faulty", fault=request.fault, client_id=client_id)
        return request

    def _read(self, parameters: Parameters) -> LogoutRequest:
        hint, fault = self._hint(parameters)
        named = parameters.get("client_id")
        if hint and named and named != hint.client_id:
            hint, fault = None, "client_id is not the audience of the id_token_hint."
        client_id = hint.client_id if hint else named
        client = self._relying_parties.client(client_id) if client_id else None
        wanted = parameters.get("post_logout_redirect_uri")
        fault = fault or _fault_of_redirect(parameters, client_id, client)
        if fault or wanted is None:
            return LogoutRequest(client, hint, None, fault)
        return LogoutRequest(client, hint, _with_state(wanted, parameters.get("state")), None)

    def needs_confirmation(self, request: LogoutRequest, signed_in: SignedIn | None) -> bool:
        """Return whether the resident must confirm (§2).

        Any website can redirect a browser to this endpoint (ASVS 5.0 10.6.2). Without an `id_token_hint` for
        the signed-in resident, the resident decides.
        """
        if signed_in is None:
            return False
        if request.hint is None or request.client is None:
            return True
        return request.hint.subject != request.client.subject_of(signed_in.resident_id)

    def sign_out(self, signed_in: SignedIn | None, hint: IdTokenHint | None, ip_address: str) -> None:
        """End the browser's session and that of the hint, and revoke the tokens issued in them."""
        sids = {signed_in.sid} if signed_in else set()
        if hint and hint.session_id:
            sids.add(hint.session_id)
        if not sids:
            return
        with self._storage.transaction() as tx:
            self._sessions.end(
                tx,
                sids,
                EndReason.SIGNED_OUT,
                self._clock.now(),
                client_id=hint.client_id if hint else None,
                ip_address=ip_address,
            )

    def _hint(self, parameters: Parameters) -> tuple[IdTokenHint | None, str | None]:
        text = parameters.get("id_token_hint")
        if text is None:
            return None, None
        if parameters.is_repeated("id_token_hint"):
            return None, "id_token_hint occurs more than once."
        try:
            return self._id_tokens.verify_hint(text), None
        except TokenRefusedError:
            return None, "id_token_hint is not an ID token of this issuer."


def _fault_of_redirect(
    parameters: Parameters, client_id: str | None, client: RegisteredClient | None
) -> str | None:
    """Return why there is no redirect although one was asked for, or None."""
    wanted = parameters.get("post_logout_redirect_uri")
    if repeated := next((name for name in PARAMETERS if parameters.is_repeated(name)), None):
        return f"{repeated} occurs more than once."
    if wanted is None:
        return None
    if client_id is None:
        return "post_logout_redirect_uri needs an id_token_hint or a client_id beside it."
    if client is None:
        return "There is no client with the client_id of this request."
    if not is_registered_for_logout(wanted, client):
        return "post_logout_redirect_uri is not registered for this client."
    return None


def _with_state(uri: str, state: str | None) -> str:
    if state is None:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode({'state': state})}"
