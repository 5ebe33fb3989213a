"""Decides on authorization requests: what the resident has to do next, or the response to the client."""

from dataclasses import dataclass

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AccessDeniedError
from authlib.oidc.core.errors import LoginRequiredError

from identity import randomness
from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.errors import UnavailableError
from identity.oidc.authorization.interactions import Interactions, Lapse
from identity.oidc.authorization.prompting import Step, next_step
from identity.oidc.authorization.pushed_requests import PushedRequestExpiredError, RequestAnsweredError
from identity.oidc.authorization.request_objects import ResolvedRequest
from identity.oidc.authorization.request_resolver import RequestResolver, error_description
from identity.oidc.authorization.requests import AuthorizationRequest, AuthorizationRequests
from identity.oidc.authorization.response_modes import (
    AuthorizationResponse,
    ResponseTarget,
    authorization_response,
)
from identity.oidc.authorization.store import StoredInteraction
from identity.oidc.grants.store import Grants, NewGrant
from identity.oidc.protocol.errors import TemporarilyUnavailableError, UntrustedRedirectError
from identity.oidc.protocol.lifetimes import CODE
from identity.oidc.protocol.parameters import Parameters
from identity.oidc.tokens import claims
from identity.relying_parties.consents.store import Consents
from identity.residents.accounts.store import Accounts
from identity.residents.sessions.store import Sessions
from identity.secret_keys import digest
from identity.storage import Storage
from identity.web.current_session import SignedIn


@dataclass(frozen=True)
class Waiting:
    """The resident has to do something first."""

    step: Step
    interaction: StoredInteraction
    request: AuthorizationRequest


@dataclass(frozen=True)
class Answered:
    """The response for the client: a code, or an error."""

    response: AuthorizationResponse


@dataclass(frozen=True)
class StartOver:
    """The interaction cannot go on; the resident starts again at the client's start page."""

    reason: Lapse


Outcome = Waiting | Answered | StartOver


class Authorization:
    """Decides on authorization requests, when they come in and again after every step."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        resolver: RequestResolver,
        requests: AuthorizationRequests,
        interactions: Interactions,
        issuer: str,
    ) -> None:
        self._storage, self._clock = storage, clock
        self._resolver, self._requests, self._interactions, self._issuer = (
            resolver,
            requests,
            interactions,
            issuer,
        )

    def begin(self, sent: Parameters, signed_in: SignedIn | None, browser_secret: str) -> Outcome:
        """Decide on a new request, or again on one that this browser opened before, by a reload.

        Raises `UntrustedRedirectError`.
        """
        resolved = self._resolve(sent, browser_secret)
        if isinstance(resolved, StoredInteraction):
            return self.resume(resolved.id, signed_in, browser_secret)
        if not isinstance(resolved, ResolvedRequest):
            return resolved
        target = self._requests.response_target(resolved.parameters)
        try:
            return self._decide(resolved, target, signed_in, browser_secret)
        except OAuth2Error as error:
            return self._refused(target, error)
        except UnavailableError:
            # OpenID Connect Core §3.1.2.1: `none` allows no page. Everyone else gets one, to load again.
            if "none" not in resolved.parameters.words("prompt"):
                raise
            return self._refused(target, TemporarilyUnavailableError())

    def store_request(self, sent: Parameters) -> StoredInteraction | Answered | StartOver:
        """Store a request that came without cookies; it is decided when the browser comes back.

        A POST from another site brings none (SameSite=Lax). Raises `UntrustedRedirectError`.
        """
        resolved = self._resolve(sent, None)
        if not isinstance(resolved, ResolvedRequest):
            return resolved
        client = self._requests.response_target(resolved.parameters).client
        return self._interactions.begin(resolved, client, None)

    def resume(self, interaction_id: str, signed_in: SignedIn | None, browser_secret: str) -> Outcome:
        """Decide again after a step; raises `UntrustedRedirectError` if the registration has changed."""
        resumed = self._interactions.resume(interaction_id, browser_secret)
        if isinstance(resumed, Lapse):
            return StartOver(resumed)
        interaction = resumed.interaction
        parameters = Parameters.restored(interaction.parameters)
        target = self._requests.response_target(parameters)
        known = None if resumed.is_first_look else interaction
        try:
            request = self._requests.read(parameters, target)
            step = self._next_step(request, signed_in, known)
        except OAuth2Error as error:
            return self._finish(interaction, self._refused(target, error))
        if step is not Step.ISSUE_CODE or signed_in is None:
            return Waiting(step, interaction, request)
        return self._issue_code(request, target, signed_in, interaction)

    def email_of(self, signed_in: SignedIn) -> str:
        """Return the address by which the resident knows their account."""
        with self._storage.transaction() as tx:
            resident = Accounts(tx).get(signed_in.resident_id)
            return (resident.email if resident else None) or ""

    def choose_account(self, waiting: Waiting, signed_in: SignedIn) -> None:
        """Record that the resident goes on with the account they are signed in to."""
        self._interactions.note_choice(waiting.interaction, signed_in.sid)

    def give_consent(self, waiting: Waiting, signed_in: SignedIn) -> None:
        """Record the resident's consent; for a third party it lasts until it is withdrawn."""
        self._interactions.note_consent(waiting.interaction, signed_in.sid)
        request, now = waiting.request, self._clock.now()
        if request.client.first_party:
            return
        scopes, resident_id = request.requested_scope, signed_in.resident_id
        with self._storage.transaction() as tx:
            held = Accounts(tx).hold_active(resident_id)
            if held is None or not Sessions(tx).is_live(signed_in.sid, now):
                # Signed out since the page was shown: the resident signs in, and is asked again.
                return
            Consents(tx).extend_consent(resident_id, request.client.id, scopes, request.resources, now)
            Audit(tx).record(
                Event.CONSENT_GIVEN,
                now,
                resident_id=resident_id,
                client_id=request.client.id,
                session_id=signed_in.sid,
                scope=" ".join(scopes),
            )

    def decline(self, interaction_id: str, browser_secret: str) -> Outcome:
        """Return the response after the resident declined, signed in or not (RFC 6749 §4.1.2.1).

        Raises `UntrustedRedirectError` if the registration has changed.
        """
        resumed = self._interactions.resume(interaction_id, browser_secret)
        if isinstance(resumed, Lapse):
            return StartOver(resumed)
        target = self._requests.response_target(Parameters.restored(resumed.interaction.parameters))
        return self._finish(resumed.interaction, self._refused(target, AccessDeniedError()))

    def _decide(
        self,
        resolved: ResolvedRequest,
        target: ResponseTarget,
        signed_in: SignedIn | None,
        browser_secret: str,
    ) -> Outcome:
        request = self._requests.read(resolved.parameters, target)
        step = self._next_step(request, signed_in, None)
        if step is Step.ISSUE_CODE and signed_in:
            return self._issue_code(request, target, signed_in, resolved)
        return Waiting(step, self._interactions.begin(resolved, target.client, browser_secret), request)

    def _resolve(
        self, sent: Parameters, browser_secret: str | None
    ) -> ResolvedRequest | StoredInteraction | Answered | StartOver:
        """Return the parameters that count, or this browser's interaction, or the outcome without either."""
        try:
            resolved = self._resolver.resolve(sent)
            known = [self._find_waiting(use.digest, browser_secret) for use in resolved.single_use]
            return next((interaction for interaction in known if interaction), resolved)
        except PushedRequestExpiredError as error:
            waiting = self._find_waiting(error.digest, browser_secret)
            return StartOver(Lapse.EXPIRED) if waiting is None else waiting
        except RequestAnsweredError:
            return StartOver(Lapse.ANSWERED)
        except OAuth2Error as error:
            try:
                target = self._requests.response_target(sent)
            except UntrustedRedirectError as untrusted:
                raise UntrustedRedirectError(error_description(error), untrusted.client) from None
            return self._refused(target, error)

    def _find_waiting(
        self, request_digest: str | None, browser_secret: str | None
    ) -> StoredInteraction | None:
        if request_digest is None or browser_secret is None:
            return None
        return self._interactions.find_waiting(request_digest, browser_secret)

    def _next_step(
        self, request: AuthorizationRequest, signed_in: SignedIn | None, known: StoredInteraction | None
    ) -> Step:
        consent = None
        if signed_in and not request.client.first_party:
            with self._storage.autocommit() as connection:
                consent = Consents(connection).find_consent(signed_in.resident_id, request.client.id)
        return next_step(request, signed_in, known, consent, self._clock.now())

    def _finish(self, interaction: StoredInteraction, outcome: Answered) -> Outcome:
        try:
            with self._interactions.answering(interaction):
                return outcome
        except RequestAnsweredError:
            return StartOver(Lapse.ANSWERED)

    def _refused(self, target: ResponseTarget, error: OAuth2Error) -> Answered:
        parameters = [(str(name), value) for name, value in error.get_body() if value]
        return Answered(authorization_response(target, self._issuer, parameters))

    def _issue_code(
        self,
        request: AuthorizationRequest,
        target: ResponseTarget,
        signed_in: SignedIn,
        begun: ResolvedRequest | StoredInteraction,
    ) -> Outcome:
        now, code = self._clock.now(), randomness.secret()
        grant = NewGrant(
            id=randomness.identifier(),
            client_id=request.client.id,
            resident_id=signed_in.resident_id,
            session_id=signed_in.sid,
            scope=request.scope,
            resources=list(request.resources),
            userinfo_claims=" ".join(request.claims.at_userinfo),
            id_token_claims=" ".join(request.claims.in_id_token),
            offline="offline_access" in request.scope.split(),
            nonce=request.nonce,
            authenticated_at=signed_in.authenticated_at,
            acr=claims.SINGLE_FACTOR,
            amr=" ".join(signed_in.amr),
            created_at=now,
            expires_at=now + CODE,
            code_digest=digest(code),
            code_expires_at=now + CODE,
            redirect_uri=request.redirect_uri,
            code_challenge=request.code_challenge,
            dpop_jkt=request.dpop_jkt,
        )
        interaction = begun if isinstance(begun, StoredInteraction) else None
        uses = begun.single_use if isinstance(begun, ResolvedRequest) else ()
        try:
            with self._interactions.answering(interaction, uses) as executor:
                if not Grants(executor).issue(grant, needs_consent=not request.client.first_party):
                    # Signed out, or access removed, in another tab since this request began.
                    raise LoginRequiredError("The resident has to sign in.")
        except RequestAnsweredError:
            return StartOver(Lapse.ANSWERED)
        except OAuth2Error as error:
            return self._refused(target, error)
        return Answered(authorization_response(target, self._issuer, [("code", code)]))
