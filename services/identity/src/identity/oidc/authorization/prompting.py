"""What the resident has to do before a client gets its code: one set of rules, applied after every step.

OpenID Connect Core §3.1.2.1 and §3.1.2.3, Initiating User Registration 1.0 for `prompt=create`.
"""

from datetime import datetime, timedelta
from enum import Enum, auto

from authlib.oidc.core.errors import ConsentRequiredError, LoginRequiredError

from identity.oidc.authorization.requests import AuthorizationRequest
from identity.oidc.authorization.store import StoredInteraction
from identity.oidc.protocol import redirect_uris
from identity.relying_parties.consents.store import Consent
from identity.web.current_session import SignedIn


class Step(Enum):
    """The next step."""

    SIGN_IN = auto()
    SIGN_UP = auto()
    CHOOSE_ACCOUNT = auto()
    CONSENT = auto()
    ISSUE_CODE = auto()


def next_step(
    request: AuthorizationRequest,
    signed_in: SignedIn | None,
    interaction: StoredInteraction | None,
    consent: Consent | None,
    now: datetime,
) -> Step:
    """Return the next step; raises `OAuth2Error` where the client forbids it or the resident is another.

    `interaction` is None for a new request, and later holds what was done since. `consent` is what the
    resident who is signed in allowed the client before.
    """
    if "none" in request.prompts:
        return _silently(request, signed_in, consent, now)
    mistaken = signed_in is not None and not request.may_be_about(signed_in.resident_id)
    if signed_in is None or not _has_just_proved_identity(signed_in, interaction):
        if "create" in request.prompts and interaction is None:
            return Step.SIGN_UP
        if signed_in is None or mistaken or _must_prove_identity(request, signed_in, now):
            return Step.SIGN_IN
        if "select_account" in request.prompts and not _has_chosen(signed_in, interaction):
            return Step.CHOOSE_ACCOUNT
    elif mistaken:
        raise LoginRequiredError("Another resident signed in than the request is about.")
    return Step.CONSENT if _must_consent(request, signed_in, interaction, consent) else Step.ISSUE_CODE


def _silently(
    request: AuthorizationRequest, signed_in: SignedIn | None, consent: Consent | None, now: datetime
) -> Step:
    if signed_in is None or _is_too_old(request, signed_in, now):
        raise LoginRequiredError("The resident has to sign in.")
    if not request.may_be_about(signed_in.resident_id):
        raise LoginRequiredError("Another resident is signed in than the request is about.")
    if not _is_allowed_already(request, consent):
        raise ConsentRequiredError("The resident has to agree.")
    return Step.ISSUE_CODE


def _must_prove_identity(request: AuthorizationRequest, signed_in: SignedIn, now: datetime) -> bool:
    return "login" in request.prompts or _is_too_old(request, signed_in, now)


def _is_too_old(request: AuthorizationRequest, signed_in: SignedIn, now: datetime) -> bool:
    if request.max_age is None:
        return False
    return now > signed_in.authenticated_at + timedelta(seconds=request.max_age)


def _has_just_proved_identity(signed_in: SignedIn, interaction: StoredInteraction | None) -> bool:
    return interaction is not None and signed_in.authenticated_at >= interaction.created_at


def _has_chosen(signed_in: SignedIn, interaction: StoredInteraction | None) -> bool:
    return interaction is not None and interaction.chosen_session_id == signed_in.sid


def _must_consent(
    request: AuthorizationRequest,
    signed_in: SignedIn,
    interaction: StoredInteraction | None,
    consent: Consent | None,
) -> bool:
    if "consent" not in request.prompts:
        own = request.client.first_party and _has_just_proved_identity(signed_in, interaction)
        if own or _is_allowed_already(request, consent):
            return False
    return interaction is None or interaction.consented_session_id != signed_in.sid


def _is_allowed_already(request: AuthorizationRequest, consent: Consent | None) -> bool:
    # RFC 8252 §8.6: any program on the resident's machine can pretend to be this client.
    if request.client.is_public and redirect_uris.is_native(request.redirect_uri):
        return False
    if request.client.first_party:
        return True
    return consent is not None and consent.covers(request.requested_scope, request.resources)
