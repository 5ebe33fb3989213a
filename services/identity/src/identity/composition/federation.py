"""Signing in with a provider."""

from flask import Blueprint

from identity.composition.dependencies import Parts
from identity.journeys.federation.callback import Finish
from identity.journeys.federation.callback_routes import Callbacks
from identity.journeys.federation.email_change import AnswerOffer
from identity.journeys.federation.email_change_routes import OfferPages
from identity.journeys.federation.mail import FederationMail
from identity.journeys.federation.match_resident import Recognise
from identity.journeys.federation.missing_details import Complete
from identity.journeys.federation.missing_details_routes import CompletionPages
from identity.journeys.federation.outcome_pages import Arrivals
from identity.journeys.federation.provider_events import Receive
from identity.journeys.federation.provider_events_routes import DeletionPages, Receivers
from identity.journeys.federation.provision import Entrance
from identity.journeys.federation.start import Leave
from identity.journeys.federation.start_routes import Buttons
from identity.journeys.federation.verify_email import VerifyAddress
from identity.journeys.federation.verify_email_routes import LinkPages
from identity.journeys.federation.verify_email_routes import WaitingPages as FederationWaitingPages
from identity.web.asking_browser import AskingBrowser


def federation_blueprints(parts: Parts) -> list[Blueprint]:
    """Return the pages and endpoints of signing in with a provider."""
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
