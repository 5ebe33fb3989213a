"""What residents see."""

from flask import Blueprint

from identity.composition.dependencies import Parts
from identity.composition.federation import federation_blueprints
from identity.journeys.help.routes import HelpPages
from identity.journeys.profile.allowed import AllowedWebsites
from identity.journeys.profile.profile import ResidentProfile
from identity.journeys.profile.routes import ProfilePages
from identity.journeys.recovery.mail import RecoveryMail
from identity.journeys.recovery.request_link import AskForHelp
from identity.journeys.recovery.request_link_routes import RequestPages
from identity.journeys.recovery.reset_password import ResetPassword
from identity.journeys.recovery.reset_password_routes import ResetPages
from identity.journeys.recovery.unlock_account import UnlockAccount
from identity.journeys.recovery.unlock_account_routes import UnlockPages
from identity.journeys.registration.mail import VerificationMail
from identity.journeys.registration.resend import WaitForMail
from identity.journeys.registration.resend_routes import WaitingPages
from identity.journeys.registration.sign_up import SignUp
from identity.journeys.registration.sign_up_routes import SignUpPages
from identity.journeys.registration.verify import Verify
from identity.journeys.registration.verify_routes import VerificationPages
from identity.journeys.sign_in.mail import Notices
from identity.journeys.sign_in.routes import SignInPages
from identity.journeys.sign_in.sign_in import SignIn
from identity.journeys.sign_out.routes import SignOutPages
from identity.journeys.sign_out.sign_out import SignOut
from identity.web.asking_browser import AskingBrowser


def page_blueprints(parts: Parts) -> list[Blueprint]:
    """Return the pages that residents see."""
    pages, csrf, current_session = parts.pages, parts.csrf, parts.current_session
    profile = ResidentProfile(parts.storage, parts.clock, parts.announcements)
    allowed = AllowedWebsites(parts.storage, parts.clock, parts.directory, parts.announcements)
    return [
        _sign_in(parts),
        SignOutPages(
            pages, csrf, current_session, SignOut(parts.storage, parts.clock, parts.announcements)
        ).blueprint(),
        *_registration(parts),
        *_recovery(parts),
        *federation_blueprints(parts),
        ProfilePages(pages, csrf, current_session, profile, parts.methods, allowed).blueprint(),
        HelpPages(pages, parts.settings).blueprint(),
    ]


def _sign_in(parts: Parts) -> Blueprint:
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


def _registration(parts: Parts) -> list[Blueprint]:
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


def _recovery(parts: Parts) -> list[Blueprint]:
    storage, keyring, clock = parts.storage, parts.keyring, parts.clock
    mail = RecoveryMail(keyring, clock, parts.mail_links)
    ask = AskForHelp(storage, keyring, clock, parts.throttle, mail)
    reset = ResetPassword(
        storage,
        keyring,
        clock,
        parts.hasher,
        parts.policy,
        parts.continuations,
        mail,
        parts.announcements,
    )
    unlock = UnlockAccount(storage, keyring, clock, parts.continuations)
    pages, csrf, throttle = parts.pages, parts.csrf, parts.throttle
    reset_pages = ResetPages(pages, csrf, throttle, parts.policy, parts.current_session, reset)
    return [
        RequestPages(pages, csrf, throttle, ask).blueprint(),
        reset_pages.blueprint(),
        UnlockPages(pages, csrf, throttle, unlock).blueprint(),
    ]
