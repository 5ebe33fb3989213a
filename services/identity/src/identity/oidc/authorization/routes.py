"""The pages of the authorization endpoint, and of its interactions: choice of account and consent."""

from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, redirect, request
from flask_babel import gettext

from identity import randomness
from identity.continuation import Continuation
from identity.oidc.authorization.decision import Answered, Authorization, Outcome, StartOver, Waiting
from identity.oidc.authorization.endpoint import BROWSER_COOKIE, AuthorizationEndpoint
from identity.oidc.authorization.prompting import Step
from identity.oidc.authorization.store import StoredInteraction
from identity.oidc.protocol.errors import UntrustedRedirectError
from identity.oidc.protocol.redirect_uris import is_native
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredClient
from identity.relying_parties.redirect_uris import site_of
from identity.web import login_hints
from identity.web.cookies import Cookies
from identity.web.current_session import CurrentSession, SignedIn
from identity.web.headers import form_action
from identity.web.language import PARAMETER as LANGUAGE_PARAMETER
from identity.web.pages import Pages

_OWN_PAGES = {Step.CHOOSE_ACCOUNT: "oidc/choose_account.html", Step.CONSENT: "oidc/consent.html"}
_JOURNEYS = {Step.SIGN_IN: "/sign-in", Step.SIGN_UP: "/sign-up"}


class AuthorizationPages:
    """The endpoint's pages, for what `AuthorizationEndpoint` leaves, and the routes of its interactions."""

    def __init__(
        self,
        *,
        endpoint: AuthorizationEndpoint,
        authorization: Authorization,
        relying_parties: RelyingPartyCache,
        pages: Pages,
        current_session: CurrentSession,
        cookies: Cookies,
        issuer: str,
    ) -> None:
        self._endpoint, self._authorization = endpoint, authorization
        self._relying_parties, self._pages = relying_parties, pages
        self._current_session, self._cookies, self._issuer = current_session, cookies, issuer

    def add_to(self, protocol: Blueprint, forms: Blueprint) -> None:
        """Mount the endpoint's pages, and the interactions, whose forms are protected against forgery."""
        protocol.add_url_rule("/authorize", "authorize", self.authorize, methods=["GET", "POST"], head=False)
        interaction = "/authorize/resume/<interaction_id>"
        forms.add_url_rule(interaction, "resume", self.resume, methods=["GET"], head=False)
        forms.add_url_rule(interaction, "reply", self.reply, methods=["POST"])

    def authorize(self) -> Response:
        """Show the page that a decided request needs, or lead to it."""
        try:
            decided = self._endpoint.decided(request)
        except UntrustedRedirectError as error:
            return self._untrusted_redirect(error)
        outcome = decided.outcome
        if isinstance(outcome, StoredInteraction):
            response = self._pages.see_other(_resume_path(outcome), Continuation())
        elif decided.is_loop and isinstance(outcome, Answered):
            response = self._loop(outcome.response.target.client)
        else:
            response = self._respond(outcome)
        return self._endpoint.complete(response, decided)

    def resume(self, interaction_id: str) -> Response:
        """Decide again after a step."""
        browser_secret = self._cookies.get(BROWSER_COOKIE)
        secret = browser_secret or randomness.secret()
        signed_in = self._current_session.load()
        try:
            outcome = self._authorization.resume(interaction_id, signed_in, secret)
        except UntrustedRedirectError as error:
            return self._untrusted_redirect(error)
        if isinstance(outcome, Waiting) and outcome.step in _OWN_PAGES and signed_in:
            response = self._ask(outcome, signed_in)
        else:
            response = self._respond(outcome)
        return self._with_cookie(response, browser_secret, secret)

    def reply(self, interaction_id: str) -> Response:
        """Take the resident's answer to one of the two pages, or a no on the sign-in page; decide again."""
        signed_in = self._current_session.load()
        secret = self._cookies.get(BROWSER_COOKIE) or randomness.secret()
        try:
            if request.form.get("answer") == "no":
                return self._respond(self._authorization.decline(interaction_id, secret))
            outcome = self._authorization.resume(interaction_id, signed_in, secret)
            if isinstance(outcome, Waiting) and signed_in:
                if outcome.step is Step.CHOOSE_ACCOUNT:
                    self._authorization.choose_account(outcome, signed_in)
                elif outcome.step is Step.CONSENT:
                    self._authorization.give_consent(outcome, signed_in)
                return self._pages.see_other(_resume_path(outcome.interaction), Continuation())
        except UntrustedRedirectError as error:
            return self._untrusted_redirect(error)
        return self._respond(outcome)

    def _respond(self, outcome: Outcome) -> Response:
        if isinstance(outcome, Answered):
            return self._answer(outcome)
        if isinstance(outcome, StartOver):
            return self._start_over(outcome)
        path = _resume_path(outcome.interaction)
        locale = {LANGUAGE_PARAMETER: outcome.request.ui_locale} if outcome.request.ui_locale else {}
        if outcome.step in _OWN_PAGES:
            path = f"{path}&{urlencode(locale)}" if locale else path
            return self._pages.see_other(path, Continuation())
        client = outcome.request.client
        login_hints.remember(path, outcome.request.login_hint)
        # A resident who is signed in and has to sign in all the same must authenticate again.
        again = outcome.step is Step.SIGN_IN and self._current_session.load() is not None
        continuation = Continuation(path, client.id, client.city_id, reauthenticate=again, declinable=True)
        return self._pages.see_other(_JOURNEYS[outcome.step], continuation, **locale)

    def _answer(self, outcome: Answered) -> Response:
        if outcome.response.is_form_post:
            return self._form_post(outcome)
        return _see_other(outcome.response.location)

    def _form_post(self, outcome: Answered) -> Response:
        target = outcome.response.target
        response = self._pages.render(
            "oidc/form_post.html",
            _of(target.client),
            action=target.redirect_uri,
            fields=outcome.response.parameters,
        )
        return form_action(response, target.redirect_uri)

    def _ask(self, waiting: Waiting, signed_in: SignedIn) -> Response:
        client, target = waiting.request.client, waiting.request.redirect_uri
        path = _resume_path(waiting.interaction)
        login_hints.remember(path, waiting.request.login_hint)
        continuation = Continuation(path, client.id, client.city_id, declinable=True)
        return self._pages.render(
            _OWN_PAGES[waiting.step],
            continuation,
            email=self._authorization.email_of(signed_in),
            is_third_party=not client.first_party,
            # None: an app on the resident's own device.
            host=None if is_native(target) else site_of(target),
            scope=waiting.request.requested_scope,
            resources=[r for uri in waiting.request.resources if (r := self._relying_parties.resource(uri))],
        )

    def _start_over(self, outcome: StartOver) -> Response:
        """Redirect to where the client's sign-in starts (OpenID Connect Core §4), with the reason."""
        client = self._relying_parties.client(request.args.get("client_id", ""))
        if client is None:
            return self._pages.error(
                400,
                gettext("This sign-in has ended"),
                gettext("Go back to the website you came from and sign in there again."),
            )
        uri = client.initiate_login_uri
        reason = urlencode({"iss": self._issuer, "reason": outcome.reason})
        return _see_other(f"{uri}{'&' if '?' in uri else '?'}{reason}")

    def _untrusted_redirect(self, error: UntrustedRedirectError) -> Response:
        return self._pages.render("oidc/untrusted_redirect.html", _of(error.client), 400, detail=error.detail)

    def _loop(self, client: RegisteredClient) -> Response:
        return self._pages.render("oidc/redirect_loop.html", _of(client), 400)

    def _with_cookie(self, response: Response, known: str | None, secret: str) -> Response:
        if known is None:
            self._cookies.set(response, BROWSER_COOKIE, secret)
        return response


def _resume_path(interaction: StoredInteraction) -> str:
    # With the client, so that even a deleted interaction leads back to it.
    return f"/authorize/resume/{interaction.id}?{urlencode({'client_id': interaction.client_id})}"


def _of(client: RegisteredClient | None) -> Continuation:
    return Continuation(client_id=client.id, city_id=client.city_id) if client else Continuation()


def _see_other(location: str) -> Response:
    # RFC 9700 §4.12: never 307, which would send a form's content along.
    return make_response(redirect(location, 303))
