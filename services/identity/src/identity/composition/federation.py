"""Signing in with a provider."""

from flask import Blueprint

from identity.composition.dependencies import Dependencies
from identity.journeys.federation.callback import HandleCallback
from identity.journeys.federation.callback_routes import CallbackEndpoints
from identity.journeys.federation.email_change import EmailChange
from identity.journeys.federation.email_change_routes import EmailChangePages
from identity.journeys.federation.match_resident import MatchResident
from identity.journeys.federation.missing_details import CompleteDetails
from identity.journeys.federation.missing_details_routes import MissingDetailsPages
from identity.journeys.federation.outcome_pages import OutcomePages
from identity.journeys.federation.provider_events import HandleProviderEvent
from identity.journeys.federation.provider_events_routes import DataDeletionPages, ProviderEventEndpoints
from identity.journeys.federation.provision import ProvisionResident
from identity.journeys.federation.requesting_browser import CurrentBrowser
from identity.journeys.federation.start import StartSignIn
from identity.journeys.federation.start_routes import StartPages
from identity.journeys.federation.verify_email import FIRST_SIGN_IN, VerifyFirstSignIn
from identity.journeys.federation.verify_email_routes import FirstSignInVerificationPages
from identity.resident_deletion import ResidentDeletion


def federation_blueprints(dependencies: Dependencies) -> list[Blueprint]:
    """Return the pages and endpoints of signing in with a provider."""
    return [
        *_ProviderSignIn(dependencies).blueprints(),
        *_provider_events(dependencies),
        _email_change(dependencies),
    ]


class _ProviderSignIn:
    """From the provider's button to the signed-in resident."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._browser_binding = dependencies.browser_binding
        self._current_browser = CurrentBrowser(
            self._browser_binding, dependencies.current_session, dependencies.devices
        )
        self._provision = ProvisionResident(
            dependencies.secret_keys, dependencies.sessions, dependencies.sign_in_alerts
        )
        self._verification = dependencies.email_verification(FIRST_SIGN_IN)
        self._outcome_pages = OutcomePages(
            dependencies.pages, dependencies.signed_in_response, dependencies.methods
        )

    def blueprints(self) -> list[Blueprint]:
        callbacks = self._callback_endpoints().blueprint()
        # A provider's POST carries no CSRF token; the attempt's state proves it.
        self._dependencies.csrf.exempt(callbacks)
        return [
            self._start_pages().blueprint(),
            callbacks,
            self._outcome_pages.blueprint(),
            self._missing_details_pages().blueprint(),
            self._verification_pages().blueprint(),
        ]

    def _start_pages(self) -> StartPages:
        start = StartSignIn(
            self._dependencies.storage,
            self._dependencies.secret_keys,
            self._dependencies.clock,
            self._dependencies.settings,
            self._dependencies.continuations,
        )
        return StartPages(
            providers=self._dependencies.providers,
            methods=self._dependencies.methods,
            pages=self._dependencies.pages,
            csrf=self._dependencies.csrf,
            rate_limiter=self._dependencies.rate_limiter,
            browser_binding=self._browser_binding,
            current_browser=self._current_browser,
            start=start,
            outcome_pages=self._outcome_pages,
        )

    def _callback_endpoints(self) -> CallbackEndpoints:
        match_resident = MatchResident(
            storage=self._dependencies.storage,
            clock=self._dependencies.clock,
            continuations=self._dependencies.continuations,
            provision=self._provision,
            verification=self._verification,
        )
        handle_callback = HandleCallback(
            storage=self._dependencies.storage,
            secret_keys=self._dependencies.secret_keys,
            clock=self._dependencies.clock,
            settings=self._dependencies.settings,
            continuations=self._dependencies.continuations,
            match_resident=match_resident,
        )
        return CallbackEndpoints(
            providers=self._dependencies.providers,
            pages=self._dependencies.pages,
            current_browser=self._current_browser,
            handle_callback=handle_callback,
            outcome_pages=self._outcome_pages,
        )

    def _missing_details_pages(self) -> MissingDetailsPages:
        complete = CompleteDetails(
            storage=self._dependencies.storage,
            clock=self._dependencies.clock,
            continuations=self._dependencies.continuations,
            provision=self._provision,
            verification=self._verification,
        )
        return MissingDetailsPages(
            providers=self._dependencies.providers,
            pages=self._dependencies.pages,
            csrf=self._dependencies.csrf,
            rate_limiter=self._dependencies.rate_limiter,
            current_browser=self._current_browser,
            verification=self._verification,
            complete=complete,
            outcome_pages=self._outcome_pages,
        )

    def _verification_pages(self) -> FirstSignInVerificationPages:
        verify = VerifyFirstSignIn(
            storage=self._dependencies.storage,
            clock=self._dependencies.clock,
            continuations=self._dependencies.continuations,
            provision=self._provision,
            verification=self._verification,
        )
        return FirstSignInVerificationPages(
            pages=self._dependencies.pages,
            csrf=self._dependencies.csrf,
            rate_limiter=self._dependencies.rate_limiter,
            settings=self._dependencies.settings,
            browser_binding=self._browser_binding,
            verification=self._verification,
            methods=self._dependencies.methods,
            current_session=self._dependencies.current_session,
            current_browser=self._current_browser,
            verify=verify,
            outcome_pages=self._outcome_pages,
        )


def _provider_events(dependencies: Dependencies) -> list[Blueprint]:
    handle_event = HandleProviderEvent(
        dependencies.storage,
        dependencies.clock,
        dependencies.mail_queue,
        dependencies.mail_links,
        dependencies.sessions,
        ResidentDeletion(dependencies.sessions, dependencies.account_events),
    )
    endpoints = ProviderEventEndpoints(
        dependencies.providers, dependencies.settings, handle_event
    ).blueprint()
    # A provider's POST carries no CSRF token; its signature proves it.
    dependencies.csrf.exempt(endpoints)
    deletion_pages = DataDeletionPages(dependencies.methods, dependencies.pages, handle_event)
    return [endpoints, deletion_pages.blueprint()]


def _email_change(dependencies: Dependencies) -> Blueprint:
    email_change = EmailChange(
        storage=dependencies.storage,
        secret_keys=dependencies.secret_keys,
        clock=dependencies.clock,
        rate_limiter=dependencies.rate_limiter,
        mail_budget=dependencies.mail_budget,
        verification_mail_queue=dependencies.verification_mail_queue,
        mail_queue=dependencies.mail_queue,
        mail_links=dependencies.mail_links,
        account_events=dependencies.account_events,
    )
    return EmailChangePages(
        dependencies.pages,
        dependencies.csrf,
        dependencies.rate_limiter,
        dependencies.current_session,
        email_change,
    ).blueprint()
