"""Signing in with a provider."""

from flask import Blueprint

from identity.composition.dependencies import Dependencies
from identity.journeys.federation.callback import HandleCallback
from identity.journeys.federation.callback_routes import Callbacks
from identity.journeys.federation.email_change import AnswerOffer
from identity.journeys.federation.email_change_routes import OfferPages
from identity.journeys.federation.match_resident import MatchResident
from identity.journeys.federation.missing_details import Complete
from identity.journeys.federation.missing_details_routes import CompletionPages
from identity.journeys.federation.outcome_pages import OutcomePages
from identity.journeys.federation.provider_events import HandleProviderEvent
from identity.journeys.federation.provider_events_routes import DeletionPages, Receivers
from identity.journeys.federation.provision import ProvisionResident
from identity.journeys.federation.start import StartSignIn
from identity.journeys.federation.start_routes import Buttons
from identity.journeys.federation.verify_email import VerifyAddress
from identity.journeys.federation.verify_email_routes import LinkPages
from identity.journeys.federation.verify_email_routes import WaitingPages as FederationWaitingPages
from identity.resident_deletion import ResidentDeletion


def federation_blueprints(dependencies: Dependencies) -> list[Blueprint]:
    """Return the pages and endpoints of signing in with a provider."""
    storage, secret_keys, clock, settings = (
        dependencies.storage,
        dependencies.secret_keys,
        dependencies.clock,
        dependencies.settings,
    )
    rate_limiter, continuations, providers = (
        dependencies.rate_limiter,
        dependencies.continuations,
        dependencies.providers,
    )
    browser, provision = dependencies.asking_browser, ProvisionResident(secret_keys, dependencies.sessions)
    verification, mail_queue, mail_links = (
        dependencies.address_verification,
        dependencies.mail_queue,
        dependencies.mail_links,
    )
    outcome_pages = OutcomePages(dependencies.pages, dependencies.signed_in_response, dependencies.methods)
    leave = StartSignIn(storage, secret_keys, clock, settings, continuations)
    recognise = MatchResident(
        storage=storage,
        secret_keys=secret_keys,
        clock=clock,
        rate_limiter=rate_limiter,
        continuations=continuations,
        provision=provision,
        verification=verification,
    )
    finish = HandleCallback(storage, secret_keys, clock, settings, continuations, recognise)
    complete = Complete(storage, clock, rate_limiter, continuations, provision, verification)
    verify = VerifyAddress(
        storage=storage,
        secret_keys=secret_keys,
        clock=clock,
        rate_limiter=rate_limiter,
        continuations=continuations,
        provision=provision,
        verification=verification,
    )
    receive = HandleProviderEvent(
        storage,
        clock,
        mail_queue,
        mail_links,
        dependencies.sessions,
        ResidentDeletion(dependencies.sessions, dependencies.account_events),
    )
    answer = AnswerOffer(
        storage=storage,
        secret_keys=secret_keys,
        clock=clock,
        rate_limiter=rate_limiter,
        verification=verification,
        mail_queue=mail_queue,
        mail_links=mail_links,
        account_events=dependencies.account_events,
    )
    pages, csrf, current, methods = (
        dependencies.pages,
        dependencies.csrf,
        dependencies.current_session,
        dependencies.methods,
    )
    callbacks = Callbacks(providers, pages, browser, current, finish, outcome_pages).blueprint()
    receivers = Receivers(providers, settings, receive).blueprint()
    # A provider's POST carries no token of ours: the attempt's state, or a signature, proves it.
    csrf.exempt(callbacks)
    csrf.exempt(receivers)
    completion = CompletionPages(
        providers, pages, csrf, rate_limiter, browser, current, complete, outcome_pages
    )
    waiting = FederationWaitingPages(
        settings, methods, pages, csrf, rate_limiter, browser, current, complete, verify, outcome_pages
    )
    return [
        Buttons(
            providers, methods, pages, csrf, rate_limiter, browser, current, leave, outcome_pages
        ).blueprint(),
        callbacks,
        receivers,
        outcome_pages.blueprint(),
        completion.blueprint(),
        waiting.blueprint(),
        LinkPages(methods, pages, csrf, rate_limiter, browser, current, verify, outcome_pages).blueprint(),
        DeletionPages(methods, pages, receive).blueprint(),
        OfferPages(pages, csrf, rate_limiter, current, answer).blueprint(),
    ]
