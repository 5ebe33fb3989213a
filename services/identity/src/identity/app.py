"""The service as a WSGI application."""

import logging
import os
from collections.abc import Mapping
from functools import partial

from babel.lists import format_list
from flask import Flask
from flask_babel import Babel, format_datetime, get_locale, to_user_timezone

from identity.clock import Clock, SystemClock
from identity.composition.api import api_routes
from identity.composition.busy_pages import busy_pages_of
from identity.composition.dependencies import Dependencies
from identity.composition.oidc import OpenIdProvider
from identity.composition.resident_pages import page_blueprints
from identity.config import Settings
from identity.egress import Egress
from identity.errors import Reason
from identity.identity_providers.load import load_providers
from identity.identity_providers.provider import Provider as SignInProvider
from identity.monitoring.store import Counted
from identity.oidc.endpoints.discovery import METADATA_PATHS
from identity.turns import Turns
from identity.web.admission import WAIT_SECONDS, WAITING, Admission
from identity.web.api import Api
from identity.web.change_password import CHANGE_PASSWORD
from identity.web.error_pages import ErrorPages
from identity.web.headers import SecurityHeaders
from identity.web.language import LOCALES
from identity.web.page_state import SealedCookies
from identity.web.path_prefix import HEALTH, PathPrefix
from identity.web.trusted_proxies import TrustedProxies
from identity.web.url_rules import PageRule, TextConverter

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
    if providers is None:
        providers = load_providers(os.environ, clock, egress=Egress.of(settings))
    dependencies = Dependencies(settings, clock, hashing or settings.password_hashing, providers)
    app = Flask("identity")
    app.url_rule_class = PageRule  # type: ignore[assignment] # with one option more
    app.url_map.converters["default"] = TextConverter
    _configure(app, settings, dependencies)
    dependencies.storage.init_app(app)
    # For callers that read the database of an application, or close it.
    app.extensions["identity"] = dependencies.storage
    dependencies.csrf.init_app(app, otherwise=lambda: dependencies.pages.refused(Reason.PAGE_EXPIRED))
    Babel(
        app,
        locale_selector=lambda: LOCALES[dependencies.language.choose(dependencies.pages.default_language)],
        timezone_selector=dependencies.pages.time_zone,
    )
    headers = SecurityHeaders(settings)
    headers.init_app(app)
    dependencies.language.init_app(app)
    dependencies.current_session.init_app(app)
    ErrorPages(dependencies.pages, dependencies.language, dependencies.recorder.count_fault).init_app(app)
    provider = OpenIdProvider(dependencies)
    # All that the process remembers between requests: tests share an application, and call these in between.
    app.extensions["identity.expire"] = [
        dependencies.relying_parties.expire,
        dependencies.key_set.expire,
        dependencies.marked_pages.expire,
        provider.expire,
    ]
    for blueprint in (provider.blueprint(), *page_blueprints(dependencies)):
        app.register_blueprint(blueprint)
    routes, faulted = api_routes(dependencies, provider), dependencies.recorder.count_fault
    app.wsgi_app = Api(routes, headers, app.wsgi_app, faulted)  # type: ignore[method-assign] # Flask's documented way
    busy_pages = busy_pages_of(dependencies, headers)
    app.extensions["identity.expire"].append(busy_pages.expire)
    # For tests, which take them.
    turns = app.extensions["identity.turns"] = Turns(
        dependencies.hasher.at_once + 1, waiting=WAITING, seconds=WAIT_SECONDS
    )
    admission = Admission(
        app,
        turns=turns,
        busy_pages=busy_pages,
        devices=dependencies.devices,
        refused=partial(dependencies.recorder.count, Counted.LIMITED, "password_forms"),
    )
    app.wsgi_app = admission  # type: ignore[method-assign] # Flask's documented way
    # For the web server, which sees whole paths.
    app.extensions["identity.is_apart"] = lambda method, path: admission.is_apart(
        method, path.removeprefix(settings.path)
    )
    if settings.path:
        app.wsgi_app = PathPrefix(app.wsgi_app, settings.issuer, settings.path, _at_root(settings.path))  # type: ignore[method-assign] # Flask's documented way
    if settings.trusted_proxies:
        proxies = TrustedProxies(app.wsgi_app, settings.trusted_proxies, clock)
        app.extensions["identity.expire"].append(proxies.expire)
        app.wsgi_app = proxies  # type: ignore[method-assign] # Flask's documented way
    return app


def _configure(app: Flask, settings: Settings, dependencies: Dependencies) -> None:
    *older, newest = dependencies.secret_keys.derive("page state")
    app.session_interface = SealedCookies(dependencies.secret_keys)
    app.config.update(
        # Not what FLASK_DEBUG says.
        DEBUG=False,
        SECRET_KEY=newest,
        SECRET_KEY_FALLBACKS=older,
        SESSION_COOKIE_NAME=dependencies.cookies.full_name("page"),
        SESSION_COOKIE_PATH=settings.path or "/",
        SESSION_COOKIE_SECURE=settings.served_over_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=_LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=_LARGEST_FORM,
        SEND_FILE_MAX_AGE_DEFAULT=_STATIC_KEPT_SECONDS,
        BABEL_DEFAULT_LOCALE="en",
    )
    app.jinja_env.filters["telephone"] = lambda number: "".join(c for c in number if c.isdigit() or c == "+")
    app.jinja_env.filters["alternatives"] = lambda names: format_list(list(names), "or", get_locale())
    app.jinja_env.filters["moment"] = lambda moment: (
        f"{format_datetime(moment, 'medium')} {to_user_timezone(moment).tzname()}"
    )


def _at_root(prefix: str) -> dict[str, str]:
    """Return the paths that clients and browsers ask of the host itself, and the path each stands for.

    RFC 8414 §3.1 inserts its well-known path before the issuer's; OpenID Connect Discovery §4.1 appends, and
    some clients insert there too.
    """
    inserted = {f"{path}{prefix}": path for path in METADATA_PATHS}
    return {**HEALTH, **inserted, CHANGE_PASSWORD: CHANGE_PASSWORD}
