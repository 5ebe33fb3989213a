"""The composition root: settings, then clients and stores, then verbs, then routes."""

import base64
import logging

from flask import Flask
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from portal.billing_link_client.client import BillingLinkClient
from portal.clock import Clock, SystemClock
from portal.config import SCOPE, Settings
from portal.database_probe import DatabaseProbe
from portal.home.page import HomePage
from portal.home.profile import ResidentProfile
from portal.home.routes import HomeRoutes
from portal.identity_client.call_limit import TOKEN_REQUESTS, USERINFO_REQUESTS, CallLimit
from portal.identity_client.client import IdentityClient, Registration
from portal.identity_client.provider import LIMITS
from portal.outbound_http import OutboundHttp
from portal.secret_keys import SecretKeys
from portal.sign_in.backchannel_logout.end_sessions import EndSessions
from portal.sign_in.backchannel_logout.routes import BackchannelLogoutRoutes
from portal.sign_in.begin import BeginSignIn
from portal.sign_in.complete import CompleteSignIn
from portal.sign_in.routes import SignInRoutes
from portal.sign_in.sign_out import SignOut
from portal.storage import Storage
from portal.utility_billing.routes import UtilityBillingRoutes
from portal.web import failures, formats, headers, language
from portal.web.branding import BrandingRoutes
from portal.web.city import City, CityCache
from portal.web.current_resident import CookieNames, CurrentResident
from portal.web.form_state import FormState
from portal.web.health import HealthRoutes
from portal.web.pages import Pages
from portal.web.path_prefix import HEALTH, PathPrefix
from portal.web.resident_billing import ResidentBilling
from portal.web.sessions.routes import SessionRoutes
from portal.web.sessions.tokens import SessionTokens, TokenCipher
from portal.web.templates import Templates
from portal.web.url_rules import PageRule, TextConverter

# In bytes; the largest form is the search.
LARGEST_FORM = 64 * 1024


def create_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    identity: IdentityClient | None = None,
    billing_link: BillingLinkClient | None = None,
) -> Flask:
    """Build the portal. Tests give a clock and clients of their own."""
    logging.getLogger("authlib").setLevel(logging.INFO)  # at DEBUG it logs whole tokens
    clock = clock or SystemClock()
    secret_keys = SecretKeys(settings.secret_keys.get_secret_value())
    storage = Storage(settings.database_url.get_secret_value())
    identity = identity or IdentityClient(
        registration(settings), clock, OutboundHttp(LIMITS, settings.authorities)
    )
    billing_link = billing_link or BillingLinkClient(
        settings.billing_link_target, settings.billing_link_tls_authorities
    )

    app, csrf = _flask(settings, secret_keys)
    app.extensions["portal.close"] = [storage.dispose, billing_link.close]
    token_requests, userinfo_requests = CallLimit(TOKEN_REQUESTS), CallLimit(USERINFO_REQUESTS)
    city = CityCache(identity, settings.city, known_city(settings), clock)
    # All that the process remembers between requests: tests share an application, and call these in between.
    app.extensions["portal.expire"] = [
        each.expire for each in (identity, token_requests, userinfo_requests, city, billing_link)
    ]
    current = CurrentResident(storage, clock, settings, secret_keys)
    pages = Pages(Templates(app), city, current, clock)
    cipher = TokenCipher(secret_keys)
    tokens = SessionTokens(storage, cipher, identity, clock, token_requests)
    billing = ResidentBilling(billing_link, tokens, settings.billing_link_audience)

    headers.install(app, settings)
    language.install(app, settings, city)
    formats.install(app)
    failures.install(app, pages, current)

    logout = BackchannelLogoutRoutes(EndSessions(storage, clock, identity)).blueprint()
    # Identity's server calls it, without a cookie; the logout token is its proof.
    csrf.exempt(logout)
    profile = ResidentProfile(storage, secret_keys, tokens, identity, clock, userinfo_requests)
    sign_in = SignInRoutes(
        BeginSignIn(storage, secret_keys, identity, clock),
        CompleteSignIn(storage, secret_keys, identity, clock, settings.billing_link_audience, token_requests),
        SignOut(cipher, identity),
        current,
        pages,
    )
    for routes in (
        logout,
        HealthRoutes(DatabaseProbe(storage, clock)).blueprint(),
        BrandingRoutes(city).blueprint(),
        SessionRoutes(current).blueprint(),
        HomeRoutes(HomePage(profile, billing, clock), current, pages).blueprint(),
        sign_in.blueprint(),
        UtilityBillingRoutes(billing, FormState(secret_keys, clock), current, pages).blueprint(),
    ):
        app.register_blueprint(routes)
    return app


def registration(settings: Settings) -> Registration:
    """Return the portal's registration at identity."""
    return Registration(
        issuer=settings.issuer,
        client_id=settings.client_id,
        client_secret=settings.client_secret.get_secret_value(),
        redirect_uri=settings.redirect_uri,
        post_logout_redirect_uri=settings.post_logout_redirect_uri,
        scope=SCOPE,
        resource=settings.billing_link_audience,
    )


def known_city(settings: Settings) -> City:
    """Return what the settings say of the city, for the time until identity answers."""
    return City(
        name=settings.city_name,
        support_name=settings.city_support_name,
        support_phone=settings.city_support_phone,
    )


def _flask(settings: Settings, secret_keys: SecretKeys) -> tuple[Flask, CSRFProtect]:
    app = Flask("portal")
    app.url_rule_class = PageRule  # type: ignore[assignment] # with one option more
    app.url_map.converters["default"] = TextConverter
    *older, newest = (base64.urlsafe_b64encode(key).decode() for key in secret_keys.derive("form"))
    app.config.update(
        # Not what FLASK_DEBUG says.
        DEBUG=False,
        SECRET_KEY=newest,
        SECRET_KEY_FALLBACKS=older,
        # Flask's own cookie holds the CSRF token and messages for the next page, nothing else.
        SESSION_COOKIE_NAME=CookieNames.of(settings).form,
        SESSION_COOKIE_PATH=settings.path or "/",
        SESSION_COOKIE_SECURE=settings.served_over_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # A form is valid as long as the session.
        WTF_CSRF_TIME_LIMIT=None,
        # Some browsers send no Referer; the token and SameSite protect without it.
        WTF_CSRF_SSL_STRICT=False,
        MAX_CONTENT_LENGTH=LARGEST_FORM,
    )
    csrf = CSRFProtect(app)
    if settings.path:
        app.wsgi_app = PathPrefix(app.wsgi_app, settings.base_url, settings.path, HEALTH)  # type: ignore[method-assign]  # Flask documents it so
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]  # Flask documents it so
    return app, csrf
