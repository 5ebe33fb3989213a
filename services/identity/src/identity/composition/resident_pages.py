"""What residents see."""

from flask import Blueprint

from identity.composition.dependencies import Dependencies
from identity.composition.federation import federation_blueprints
from identity.journeys.help.routes import HelpPages
from identity.journeys.profile.allowed import AllowedWebsites
from identity.journeys.profile.profile import ResidentProfile
from identity.journeys.profile.routes import ProfilePages
from identity.journeys.recovery.report_sign_in import ReportSignIn
from identity.journeys.recovery.report_sign_in_routes import ReportSignInPages
from identity.journeys.recovery.request_link import RequestRecoveryLink
from identity.journeys.recovery.request_link_routes import RequestPages
from identity.journeys.recovery.reset_password import ResetPassword
from identity.journeys.recovery.reset_password_routes import ResetPages
from identity.journeys.recovery.stop_emails import StopEmails
from identity.journeys.recovery.stop_emails_routes import StopEmailsPages
from identity.journeys.recovery.unlock_account import UnlockAccount
from identity.journeys.recovery.unlock_account_routes import UnlockPages
from identity.journeys.registration.sign_up import SignUp
from identity.journeys.registration.sign_up_routes import SignUpPages
from identity.journeys.registration.verify import REGISTRATION, VerifyRegistration
from identity.journeys.registration.verify_routes import RegistrationVerificationPages
from identity.journeys.sign_in.mailed_code import MailedCodes
from identity.journeys.sign_in.routes import SignInPages
from identity.journeys.sign_in.sign_in import SignIn
from identity.journeys.sign_in.sign_in_by_code import SignInByCode
from identity.journeys.sign_in.sign_in_by_code_routes import SignInCodePages
from identity.journeys.sign_out.routes import SignOutPages
from identity.journeys.sign_out.sign_out import SignOut
from identity.web.open_link import OpenLinkPages


def page_blueprints(dependencies: Dependencies) -> list[Blueprint]:
    """Return the pages that residents see."""
    pages, csrf, current_session = dependencies.pages, dependencies.csrf, dependencies.current_session
    profile = ResidentProfile(dependencies.storage, dependencies.clock, dependencies.sessions)
    allowed = AllowedWebsites(
        dependencies.storage, dependencies.clock, dependencies.relying_parties, dependencies.account_events
    )
    return [
        *_sign_in(dependencies),
        SignOutPages(
            pages,
            csrf,
            current_session,
            SignOut(dependencies.storage, dependencies.clock, dependencies.sessions),
        ).blueprint(),
        *_registration(dependencies),
        *_recovery(dependencies),
        *federation_blueprints(dependencies),
        ProfilePages(pages, csrf, current_session, profile, dependencies.methods, allowed).blueprint(),
        HelpPages(pages, dependencies.marked_pages, dependencies.settings).blueprint(),
        OpenLinkPages(pages, csrf).blueprint(),
    ]


def _sign_in(dependencies: Dependencies) -> list[Blueprint]:
    mailed_codes = MailedCodes(
        secret_keys=dependencies.secret_keys,
        rate_limiter=dependencies.rate_limiter,
        mail_queue=dependencies.mail_queue,
        mail_links=dependencies.mail_links,
    )
    verb = SignIn(
        storage=dependencies.storage,
        secret_keys=dependencies.secret_keys,
        clock=dependencies.clock,
        hasher=dependencies.hasher,
        rate_limiter=dependencies.rate_limiter,
        mail_budget=dependencies.mail_budget,
        mail_queue=dependencies.mail_queue,
        mail_links=dependencies.mail_links,
        mailed_codes=mailed_codes,
        sessions=dependencies.sessions,
        alerts=dependencies.sign_in_alerts,
    )
    by_code = SignInByCode(
        dependencies.storage, dependencies.secret_keys, dependencies.clock, dependencies.sessions
    )
    pages = SignInPages(
        pages=dependencies.pages,
        marked_pages=dependencies.marked_pages,
        csrf=dependencies.csrf,
        rate_limiter=dependencies.rate_limiter,
        current_session=dependencies.current_session,
        devices=dependencies.devices,
        browser_binding=dependencies.browser_binding,
        sign_in=verb,
        methods=dependencies.methods,
        signed_in_response=dependencies.signed_in_response,
    )
    code_pages = SignInCodePages(
        pages=dependencies.pages,
        csrf=dependencies.csrf,
        rate_limiter=dependencies.rate_limiter,
        current_session=dependencies.current_session,
        devices=dependencies.devices,
        browser_binding=dependencies.browser_binding,
        sign_in_by_code=by_code,
        signed_in_response=dependencies.signed_in_response,
    )
    return [pages.blueprint(), code_pages.blueprint()]


def _registration(dependencies: Dependencies) -> list[Blueprint]:
    pages, csrf, policy, rate_limiter = (
        dependencies.pages,
        dependencies.csrf,
        dependencies.policy,
        dependencies.rate_limiter,
    )
    browser_binding = dependencies.browser_binding
    verification = dependencies.email_verification(REGISTRATION)
    sign_up = SignUp(
        storage=dependencies.storage,
        clock=dependencies.clock,
        hasher=dependencies.hasher,
        policy=policy,
        continuations=dependencies.continuations,
        verification=verification,
    )
    verify = VerifyRegistration(
        storage=dependencies.storage,
        secret_keys=dependencies.secret_keys,
        clock=dependencies.clock,
        hasher=dependencies.hasher,
        policy=policy,
        verification=verification,
    )
    sign_up_pages = SignUpPages(
        pages=pages,
        csrf=csrf,
        rate_limiter=rate_limiter,
        policy=policy,
        browser_binding=browser_binding,
        verification=verification,
        sign_up=sign_up,
    )
    verification_pages = RegistrationVerificationPages(
        pages=pages,
        csrf=csrf,
        rate_limiter=rate_limiter,
        settings=dependencies.settings,
        browser_binding=browser_binding,
        verification=verification,
        policy=policy,
        verify=verify,
    )
    return [sign_up_pages.blueprint(), verification_pages.blueprint()]


def _recovery(dependencies: Dependencies) -> list[Blueprint]:
    storage, secret_keys, clock = dependencies.storage, dependencies.secret_keys, dependencies.clock
    ask = RequestRecoveryLink(
        storage=storage,
        secret_keys=secret_keys,
        clock=clock,
        mail_budget=dependencies.mail_budget,
        mail_queue=dependencies.mail_queue,
        mail_links=dependencies.mail_links,
    )
    reset = ResetPassword(
        storage=storage,
        secret_keys=secret_keys,
        clock=clock,
        hasher=dependencies.hasher,
        policy=dependencies.policy,
        continuations=dependencies.continuations,
        mail_queue=dependencies.mail_queue,
        mail_links=dependencies.mail_links,
        sessions=dependencies.sessions,
        account_events=dependencies.account_events,
    )
    unlock = UnlockAccount(storage, secret_keys, clock, dependencies.continuations)
    stop_emails = StopEmails(storage, clock, dependencies.mail_budget)
    pages, csrf, rate_limiter = dependencies.pages, dependencies.csrf, dependencies.rate_limiter
    reset_pages = ResetPages(
        pages, csrf, rate_limiter, dependencies.policy, dependencies.current_session, reset
    )
    report = ReportSignInPages(
        pages=pages,
        csrf=csrf,
        rate_limiter=rate_limiter,
        methods=dependencies.methods,
        current_session=dependencies.current_session,
        report=ReportSignIn(storage, clock, dependencies.continuations, dependencies.sessions),
    )
    return [
        RequestPages(
            pages, dependencies.marked_pages, csrf, rate_limiter, dependencies.devices, ask
        ).blueprint(),
        reset_pages.blueprint(),
        UnlockPages(pages, csrf, rate_limiter, unlock).blueprint(),
        report.blueprint(),
        StopEmailsPages(pages, csrf, rate_limiter, stop_emails).blueprint(),
    ]
