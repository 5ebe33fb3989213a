"""Responses to the outcomes of this journey, and the page that says why the resident is not signed in."""

from flask import Blueprint, Response, flash, request
from flask import session as page_state
from flask_babel import gettext

from identity.continuation import Continuation
from identity.errors import Reason, Refused
from identity.journeys.federation.callback import SignInRefusal
from identity.journeys.federation.provision import OtherMethod, SignInAgain, SignInCompleted
from identity.web import messages, typed_email
from identity.web.pages import Pages
from identity.web.sign_in_methods import PASSWORD, ProviderButton, SignInMethods
from identity.web.signed_in_response import SignedInResponse

OTHER_METHOD = "other_method"
_KEY = "other_method"
_STATUSES = {
    SignInRefusal.DENIED: 200,
    SignInRefusal.INVALID_CALLBACK: 400,
    SignInRefusal.UNAVAILABLE: 503,
    SignInRefusal.ACCOUNT_DISABLED: 403,
    SignInRefusal.RESIDENT_DISABLED: 403,
}
_MAY_TRY_AGAIN = (SignInRefusal.DENIED, SignInRefusal.INVALID_CALLBACK, SignInRefusal.UNAVAILABLE)


class OutcomePages:
    """Turns outcomes of the verbs into responses."""

    def __init__(self, pages: Pages, signed_in_response: SignedInResponse, methods: SignInMethods) -> None:
        self._pages = pages
        self._signed_in_response = signed_in_response
        self._methods = methods

    def blueprint(self) -> Blueprint:
        """Return the page."""
        blueprint = Blueprint("not_signed_in", __name__)
        blueprint.get("/sign-in/<provider_key>/not-signed-in")(self.show)
        return blueprint

    def show_outcome(
        self, provider_key: str, outcome: SignInCompleted | SignInAgain | OtherMethod
    ) -> Response:
        """Answer a completed or diverted sign-in."""
        if isinstance(outcome, SignInCompleted):
            return self._signed_in_response.redirect_to(
                outcome.continuation,
                secret=outcome.secret,
                remembered=outcome.remembered,
                email_key=outcome.email_key,
                device_generation=outcome.device_generation,
                method=outcome.method,
            )
        if isinstance(outcome, SignInAgain):
            flash(messages.address_verified(), "success")
            return self._pages.see_other("/sign-in", outcome.continuation, show="form")
        # In the signed page state, not in the URL: a link made elsewhere cannot make the page say this.
        page_state[_KEY] = [outcome.email, outcome.method]
        return self._redirect(provider_key, OTHER_METHOD, outcome.continuation)

    def show_refusal(
        self, provider_key: str, reason: SignInRefusal, continuation: Continuation | None
    ) -> Response:
        """Send the browser to the page that says why."""
        return self._redirect(provider_key, reason, continuation or self._pages.continuation())

    def show(self, provider_key: str) -> Response:
        """Say why the resident is not signed in."""
        why = request.args.get("why", "")
        if why == OTHER_METHOD:
            return self._show_other_method(provider_key)
        if why not in list(SignInRefusal):
            raise Refused(Reason.NOT_FOUND)
        reason, name = SignInRefusal(why), self._methods.name(provider_key)
        heading, explanation = _texts(reason, name)
        continuation = self._pages.continuation()
        return self._pages.render(
            "federation/not_signed_in.html",
            continuation,
            _STATUSES[reason],
            heading=heading,
            explanation=explanation,
            button=self._button(provider_key, continuation) if reason in _MAY_TRY_AGAIN else None,
        )

    def _show_other_method(self, provider_key: str) -> Response:
        email, method = page_state.get(_KEY, ("", ""))
        continuation = self._pages.continuation()
        if not method:
            return self._pages.see_other("/sign-in", continuation)
        button = self._button(method, continuation)
        if button is None:
            typed_email.remember(email)
        return self._pages.render(
            "federation/other_method.html",
            continuation,
            409,
            email=email,
            method=self._methods.name(method) if method != PASSWORD else "",
            is_same_provider=method == provider_key,
            button=button if method != provider_key else None,
        )

    def _button(self, provider_key: str, continuation: Continuation) -> ProviderButton | None:
        return self._methods.button(provider_key, self._pages.city_of(continuation))

    def _redirect(self, provider_key: str, why: str, continuation: Continuation) -> Response:
        return self._pages.see_other(f"/sign-in/{provider_key}/not-signed-in", continuation, why=why)


def _texts(reason: SignInRefusal, provider: str) -> tuple[str, str]:
    texts = {
        SignInRefusal.DENIED: (
            gettext("You are not signed in"),
            gettext(
                "You did not finish signing in with %(provider)s. Nothing was changed.", provider=provider
            ),
        ),
        SignInRefusal.INVALID_CALLBACK: (
            gettext("This sign-in cannot be finished"),
            gettext(
                "It took too long, was used before, or was started in another browser. Please start again."
            ),
        ),
        SignInRefusal.UNAVAILABLE: (
            gettext("%(provider)s cannot be reached", provider=provider),
            gettext(
                "We cannot sign you in with %(provider)s right now. It is not your fault. Please try again in"
                " a few minutes.",
                provider=provider,
            ),
        ),
        SignInRefusal.ACCOUNT_DISABLED: (
            gettext("%(provider)s did not let you in", provider=provider),
            gettext(
                "%(provider)s says that your account there is disabled or may not be used here. We cannot"
                " change that: please ask %(provider)s, or whoever gave you that account.",
                provider=provider,
            ),
        ),
        SignInRefusal.RESIDENT_DISABLED: (
            gettext("Your Community Access ID is disabled"),
            gettext("You cannot sign in with it. If you think that this is a mistake, please call us."),
        ),
    }
    return texts[reason]
