"""Signing out at a client's wish (OpenID Connect RP-Initiated Logout 1.0)."""

from dataclasses import dataclass
from urllib.parse import urlencode

from identity.account_events import AccountEvents, SessionEnded
from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.oidc.protocol.parameters import Parameters
from identity.oidc.tokens.id_token import IdTokenHint, IdTokens
from identity.oidc.tokens.signing import TokenRefusedError
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredClient
from identity.residents.sessions.store import Sessions
from identity.storage import Storage
from identity.web.current_session import SignedIn

# What a request may carry on to the confirmation page and back.
PARAMETERS = ("client_id", "post_logout_redirect_uri", "state")


@dataclass(frozen=True)
class LogoutRequest:
    """A request to sign out, as far as it is sound."""

    client: RegisteredClient | None
    # Proof that a client of ours asks, for one resident and session.
    hint: IdTokenHint | None
    # Registered by the client, with `state`; None: the resident stays here.
    return_to: str | None
    # What is wrong with the request, for the developer of the client's website.
    fault: str | None


class Logout:
    """Decides on requests to sign out, and signs out."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        relying_parties: RelyingPartyCache,
        id_tokens: IdTokens,
        account_events: AccountEvents,
    ) -> None:
        self._storage, self._clock, self._relying_parties, self._id_tokens = (
            storage,
            clock,
            relying_parties,
            id_tokens,
        )
        self._account_events = account_events

    def read(self, parameters: Parameters) -> LogoutRequest:
        """Return what of the request is sound; what is not costs the redirect, never the page."""
        hint, fault = self._hint(parameters)
        named = parameters.get("client_id")
        if hint and named and named != hint.client_id:
            hint, fault = None, "client_id is not the audience of the id_token_hint."
        client_id = hint.client_id if hint else named
        client = self._relying_parties.client(client_id) if client_id else None
        wanted = parameters.get("post_logout_redirect_uri")
        if fault or wanted is None or any(parameters.is_repeated(name) for name in PARAMETERS):
            return LogoutRequest(client, hint, None, fault)
        if client is None or wanted not in client.post_logout_redirect_uris:
            return LogoutRequest(client, hint, None, "post_logout_redirect_uri is not registered.")
        return LogoutRequest(client, hint, _with_state(wanted, parameters.get("state")), None)

    def needs_confirmation(self, request: LogoutRequest, signed_in: SignedIn | None) -> bool:
        """Tell whether the resident has to be asked.

        Anybody can send a browser here (ASVS 5.0 10.6.2): without a client's proof about this very resident,
        the resident decides.
        """
        if signed_in is None:
            return False
        if request.hint is None or request.client is None:
            return True
        return request.hint.subject != request.client.subject_of(signed_in.resident_id)

    def sign_out(self, signed_in: SignedIn | None, hint: IdTokenHint | None, ip_address: str) -> None:
        """End this browser's session and the one the hint names; what was handed out on them ends too."""
        if signed_in is None and hint is None:
            return
        now, happened = self._clock.now(), []
        with self._storage.transaction() as tx:
            sessions = Sessions(tx)
            ended = {signed_in.sid: signed_in.resident_id} if signed_in else {}
            if hint and hint.session_id and (owner := sessions.resident_of(hint.session_id)):
                ended[hint.session_id] = owner
            for sid, resident_id in ended.items():
                if sessions.end(sid, now):
                    happened.append(SessionEnded(resident_id, sid))
                    Audit(tx).record(
                        Event.SIGN_OUT,
                        now,
                        resident_id=resident_id,
                        session_id=sid,
                        client_id=hint.client_id if hint else None,
                        ip_address=ip_address,
                    )
            # After all of them: what listeners lock is locked by no one who still wants a session.
            self._account_events.publish(tx, *happened)

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


def _with_state(uri: str, state: str | None) -> str:
    if state is None:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode({'state': state})}"
