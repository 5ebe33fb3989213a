"""The composition root: settings → stores → verbs → pages. The one module that knows everyone."""

import logging
import os
from collections.abc import Mapping

from flask import Blueprint, Flask
from flask_babel import Babel, format_datetime, to_user_timezone
from werkzeug.middleware.proxy_fix import ProxyFix

from identity.clock import Clock, SystemClock
from identity.config import Settings
from identity.errors import Reason
from identity.journeys.federation.arriving.routes import Arrivals
from identity.journeys.federation.changed_address.answer import AnswerOffer
from identity.journeys.federation.changed_address.routes import OfferPages
from identity.journeys.federation.completing.complete import Complete
from identity.journeys.federation.completing.routes import CompletionPages
from identity.journeys.federation.entering import Entrance
from identity.journeys.federation.leaving.leave import Leave
from identity.journeys.federation.leaving.routes import Buttons
from identity.journeys.federation.mail import FederationMail
from identity.journeys.federation.providers.catalogue import load_providers
from identity.journeys.federation.providers.provider import Provider as SignInProvider
from identity.journeys.federation.receiving.receive import Receive
from identity.journeys.federation.receiving.routes import DeletionPages, Receivers
from identity.journeys.federation.returning.finish import Finish
from identity.journeys.federation.returning.recognise import Recognise
from identity.journeys.federation.returning.routes import Callbacks
from identity.journeys.federation.verifying.routes import LinkPages
from identity.journeys.federation.verifying.routes import WaitingPages as FederationWaitingPages
from identity.journeys.federation.verifying.verify import VerifyAddress
from identity.journeys.help.routes import HelpPages
from identity.journeys.profile.profile import ResidentProfile
from identity.journeys.profile.routes import ProfilePages
from identity.journeys.recovery.asking.ask import AskForHelp
from identity.journeys.recovery.asking.routes import RequestPages
from identity.journeys.recovery.mail import RecoveryMail
from identity.journeys.recovery.resetting.reset import ResetPassword
from identity.journeys.recovery.resetting.routes import ResetPages
from identity.journeys.recovery.unlocking.routes import UnlockPages
from identity.journeys.recovery.unlocking.unlock import UnlockAccount
from identity.journeys.registration.mail import VerificationMail
from identity.journeys.registration.signing_up.routes import SignUpPages
from identity.journeys.registration.signing_up.sign_up import SignUp
from identity.journeys.registration.verifying.routes import VerificationPages
from identity.journeys.registration.verifying.verify import Verify
from identity.journeys.registration.waiting.routes import WaitingPages
from identity.journeys.registration.waiting.wait import WaitForMail
from identity.journeys.sign_in.notices import Notices
from identity.journeys.sign_in.routes import SignInPages
from identity.journeys.sign_in.sign_in import SignIn
from identity.journeys.sign_out.routes import SignOutPages
from identity.journeys.sign_out.sign_out import SignOut
from identity.notices.routes import NoticeRoutes
from identity.oidc.provider import Provider
from identity.relying_parties.directory import Directory
from identity.residents.passwords.hashing import PasswordHasher
from identity.residents.passwords.policy import PasswordPolicy
from identity.sealing import Keyring
from identity.storage import Storage
from identity.web.arrival import Arrival
from identity.web.asking_browser import AskingBrowser
from identity.web.cities import CityData
from identity.web.continuation import Continuations
from identity.web.cookies import Cookies
from identity.web.csrf import Csrf
from identity.web.current_session import CurrentSession
from identity.web.devices import Devices
from identity.web.error_pages import ErrorPages
from identity.web.headers import SecurityHeaders
from identity.web.health import Health
from identity.web.language import Language
from identity.web.mail_links import MailLinks
from identity.web.openapi.endpoint import OpenApi
from identity.web.pages import Pages
from identity.web.sign_in_methods import ProviderButton, SignInMethods
from identity.web.throttling.throttle import Throttle, limits

_LARGEST_FORM = 64 * 1024
_STATIC_KEPT_SECONDS = 60 * 60


def create_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    hashing: str | None = None,
    providers: Mapping[str, SignInProvider] | None = None,
) -> Flask:
    """Return the service as a WSGI application.

    `clock`, `hashing` (a profile of `residents.passwords.hashing`) and `providers` (instead of those whose
    credentials the environment holds) are for tests and rehearsals. Raises `SettingsError` if a provider's
    credentials are incomplete.
    """
    # It writes whole tokens to its log at DEBUG.
    logging.getLogger("authlib").setLevel(logging.INFO)
    clock = clock or SystemClock()
    offered = load_providers(os.environ, clock) if providers is None else providers
    parts = _Parts(settings, clock, hashing or settings.password_hashing, offered)
    app = Flask("identity")
    _configure(app, settings, parts.keyring)
    parts.storage.init_app(app)
    # For whoever starts and stops the application.
    app.extensions["identity"] = parts.storage
    parts.csrf.init_app(app, otherwise=lambda: parts.pages.refused(Reason.PAGE_EXPIRED))
    Babel(
        app,
        locale_selector=lambda: parts.language.choose(parts.pages.default_language),
        timezone_selector=parts.pages.time_zone,
    )
    SecurityHeaders(settings).init_app(app)
    parts.language.init_app(app)
    ErrorPages(parts.pages).init_app(app)
    for blueprint in (*_machine_blueprints(parts), *_page_blueprints(parts)):
        app.register_blueprint(blueprint)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0, x_port=0, x_prefix=0)  # type: ignore[method-assign] # Flask's documented way
    return app


class _Parts:
    """What the journeys are made of."""

    def __init__(
        self, settings: Settings, clock: Clock, hashing: str, providers: Mapping[str, SignInProvider]
    ) -> None:
        self.settings, self.clock = settings, clock
        self.storage = Storage(settings.database_url)
        self.keyring = Keyring(settings.secret_keys)
        self.directory = Directory(self.storage, clock)
        self.hasher = PasswordHasher(hashing)
        self.policy = PasswordPolicy(settings.password_min_length)
        self.continuations = Continuations(self.keyring)
        self.mail_links = MailLinks(settings, self.continuations)
        self.pages = Pages(self.directory, self.continuations)
        self.csrf = Csrf()
        self.language = Language(settings)
        self.current_session = CurrentSession(self.storage, clock, settings)
        self.throttle = Throttle(self.storage, clock, self.keyring, limits(settings))
        self.providers = providers
        brands = ((provider.key, provider.brand) for provider in providers.values())
        buttons = [ProviderButton(key, brand.name, brand.logo) for key, brand in brands]
        self.methods = SignInMethods(settings, buttons)
        self.devices = Devices(settings, self.keyring)
        self.arrival = Arrival(self.pages, self.csrf, self.current_session, self.devices, self.methods)


def _configure(app: Flask, settings: Settings, keyring: Keyring) -> None:
    *older, newest = keyring.signing_keys("page state")
    app.config.update(
        SECRET_KEY=newest,
        SECRET_KEY_FALLBACKS=older,
        SESSION_COOKIE_NAME=Cookies(settings).full_name("page"),
        SESSION_COOKIE_SECURE=settings.served_over_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=_LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=_LARGEST_FORM,
        SEND_FILE_MAX_AGE_DEFAULT=_STATIC_KEPT_SECONDS,
        BABEL_DEFAULT_LOCALE="en",
    )
    app.jinja_env.filters["telephone"] = lambda number: "".join(c for c in number if c.isdigit() or c == "+")
    app.jinja_env.filters["moment"] = lambda moment: (
        f"{format_datetime(moment, 'medium')} {to_user_timezone(moment).tzname()}"
    )


def _machine_blueprints(parts: _Parts) -> list[Blueprint]:
    """Return what machines call; what needs no cookie is exempt from the protection of forms."""
    provider = Provider(
        parts.storage,
        parts.keyring,
        parts.clock,
        parts.settings,
        parts.pages,
        parts.current_session,
        parts.directory,
        parts.throttle,
        parts.csrf,
    ).blueprint()
    notices = NoticeRoutes(parts.storage, parts.keyring, parts.clock, parts.directory).blueprint()
    parts.csrf.exempt(provider)
    parts.csrf.exempt(notices)
    cities = CityData(parts.directory, parts.settings).blueprint()
    description = OpenApi(parts.settings).blueprint()
    return [Health(parts.storage).blueprint(), description, cities, provider, notices]


def _page_blueprints(parts: _Parts) -> list[Blueprint]:
    pages, csrf, current_session = parts.pages, parts.csrf, parts.current_session
    return [
        _sign_in(parts),
        SignOutPages(pages, csrf, current_session, SignOut(parts.storage, parts.clock)).blueprint(),
        *_registration(parts),
        *_recovery(parts),
        *_federation(parts),
        ProfilePages(
            pages, csrf, current_session, ResidentProfile(parts.storage, parts.clock), parts.methods
        ).blueprint(),
        HelpPages(pages, parts.settings).blueprint(),
    ]


def _sign_in(parts: _Parts) -> Blueprint:
    verb = SignIn(
        parts.storage,
        parts.keyring,
        parts.clock,
        parts.hasher,
        parts.throttle,
        Notices(parts.keyring, parts.clock, parts.mail_links),
    )
    return SignInPages(
        parts.pages,
        parts.csrf,
        parts.throttle,
        parts.current_session,
        parts.devices,
        verb,
        parts.methods,
        parts.arrival,
    ).blueprint()


def _federation(parts: _Parts) -> list[Blueprint]:
    storage, keyring, clock, settings = parts.storage, parts.keyring, parts.clock, parts.settings
    throttle, continuations, providers = parts.throttle, parts.continuations, parts.providers
    browser, entrance = AskingBrowser(settings), Entrance(keyring)
    mail = FederationMail(keyring, clock, continuations, parts.mail_links)
    arrivals = Arrivals(parts.pages, parts.arrival, parts.methods)
    leave = Leave(storage, keyring, clock, settings, continuations)
    recognise = Recognise(storage, keyring, clock, throttle, continuations, entrance, mail)
    finish = Finish(storage, keyring, clock, settings, continuations, recognise)
    complete = Complete(storage, clock, throttle, continuations, entrance, mail)
    verify = VerifyAddress(storage, keyring, clock, throttle, continuations, entrance, mail)
    receive = Receive(storage, clock, mail)
    answer = AnswerOffer(storage, keyring, clock, throttle, mail)
    pages, csrf, current, methods = parts.pages, parts.csrf, parts.current_session, parts.methods
    callbacks = Callbacks(providers, pages, browser, current, finish, arrivals).blueprint()
    receivers = Receivers(providers, settings, receive).blueprint()
    # A provider's POST carries no token of ours: the attempt's state, or a signature, proves it.
    csrf.exempt(callbacks)
    csrf.exempt(receivers)
    completion = CompletionPages(providers, pages, csrf, throttle, browser, current, complete, arrivals)
    waiting = FederationWaitingPages(
        settings, methods, pages, csrf, throttle, browser, current, complete, verify, arrivals
    )
    return [
        Buttons(providers, methods, pages, csrf, throttle, browser, current, leave, arrivals).blueprint(),
        callbacks,
        receivers,
        arrivals.blueprint(),
        completion.blueprint(),
        waiting.blueprint(),
        LinkPages(methods, pages, csrf, throttle, browser, current, verify, arrivals).blueprint(),
        DeletionPages(methods, pages, receive).blueprint(),
        OfferPages(pages, csrf, throttle, current, answer).blueprint(),
    ]


def _registration(parts: _Parts) -> list[Blueprint]:
    storage, clock, pages, csrf = parts.storage, parts.clock, parts.pages, parts.csrf
    browser = AskingBrowser(parts.settings)
    mail = VerificationMail(parts.keyring, clock, parts.continuations, parts.mail_links)
    sign_up = SignUp(storage, clock, parts.hasher, parts.policy, parts.throttle, parts.continuations, mail)
    verify = Verify(storage, parts.keyring, clock, parts.hasher, parts.policy, parts.continuations)
    waiting = WaitForMail(storage, clock, parts.throttle, mail)
    sign_up_pages = SignUpPages(pages, csrf, parts.throttle, parts.policy, browser, sign_up)
    waiting_pages = WaitingPages(pages, csrf, parts.throttle, parts.settings, browser, waiting, verify)
    verification_pages = VerificationPages(
        pages, csrf, parts.throttle, parts.policy, browser, verify, waiting
    )
    return [sign_up_pages.blueprint(), waiting_pages.blueprint(), verification_pages.blueprint()]


def _recovery(parts: _Parts) -> list[Blueprint]:
    storage, keyring, clock = parts.storage, parts.keyring, parts.clock
    mail = RecoveryMail(keyring, clock, parts.mail_links)
    ask = AskForHelp(storage, keyring, clock, parts.throttle, mail)
    reset = ResetPassword(storage, keyring, clock, parts.hasher, parts.policy, parts.continuations, mail)
    unlock = UnlockAccount(storage, keyring, clock, parts.continuations)
    pages, csrf, throttle = parts.pages, parts.csrf, parts.throttle
    reset_pages = ResetPages(pages, csrf, throttle, parts.policy, parts.current_session, reset)
    return [
        RequestPages(pages, csrf, throttle, ask).blueprint(),
        reset_pages.blueprint(),
        UnlockPages(pages, csrf, throttle, unlock).blueprint(),
    ]
