"""What pages and endpoints share: one of each."""

from collections.abc import Mapping
from functools import partial

from identity.clock import Clock
from identity.composition.account_events import account_events
from identity.config import Settings
from identity.continuation import Continuations
from identity.email_verification.mail import VerificationMailQueue
from identity.email_verification.owner import P, VerificationOwner
from identity.email_verification.verification import EmailVerification
from identity.identity_providers.provider import Provider as SignInProvider
from identity.mail.queue import MailQueue
from identity.monitoring.recorder import EventRecorder
from identity.monitoring.store import Counted
from identity.rate_limits.limiter import RateLimiter, limits
from identity.rate_limits.mail_budget import MailBudget
from identity.relying_parties.cache import RelyingPartyCache
from identity.residents.passwords.hashing import PasswordHasher
from identity.residents.passwords.policy import PasswordPolicy
from identity.residents.sessions.lifecycle import SessionLifecycle
from identity.secret_keys import SecretKeys
from identity.signing_keys.key_set import KeySet
from identity.storage import Storage
from identity.web.browser_binding import BrowserBinding
from identity.web.cookies import Cookies
from identity.web.csrf import Csrf
from identity.web.current_session import CurrentSession
from identity.web.devices import Devices
from identity.web.language import Language
from identity.web.mail_links import MailLinks
from identity.web.marked_pages import MarkedPages
from identity.web.pages import Pages
from identity.web.replayed_sessions import ReplayedSessions
from identity.web.resource_authentication import ResourceAuthentication
from identity.web.sign_in_alerts import SignInAlerts
from identity.web.sign_in_methods import ProviderButton, SignInMethods
from identity.web.signed_in_response import SignedInResponse


class Dependencies:
    """The objects that more than one page or endpoint is constructed with."""

    def __init__(
        self, settings: Settings, clock: Clock, hashing: str, providers: Mapping[str, SignInProvider]
    ) -> None:
        self.settings, self.clock = settings, clock
        self.storage = Storage(settings.database_url.get_secret_value())
        self.secret_keys = SecretKeys(settings.secret_keys.get_secret_value())
        self.key_set = KeySet(self.storage, self.secret_keys, clock)
        self.relying_parties = RelyingPartyCache(self.storage, clock)
        self.resource_authentication = ResourceAuthentication(self.relying_parties)
        self.account_events = account_events(self.secret_keys, clock, settings.issuer)
        self.sessions = SessionLifecycle(self.account_events)
        self.hasher = PasswordHasher(hashing)
        self.policy = PasswordPolicy(settings.password_min_length, self.relying_parties.city_names)
        self.continuations = Continuations(self.secret_keys)
        self.mail_links = MailLinks(settings, self.continuations)
        self.mail_queue = MailQueue(self.secret_keys, clock)
        self.verification_mail_queue = VerificationMailQueue(self.mail_queue, self.mail_links)
        self.sign_in_alerts = SignInAlerts(self.mail_queue, self.mail_links)
        self.cookies = Cookies(settings)
        self.browser_binding = BrowserBinding(self.cookies)
        self.pages = Pages(self.relying_parties, self.continuations)
        self.marked_pages = MarkedPages(self.pages)
        self.csrf = Csrf()
        self.language = Language(self.cookies)
        replayed_sessions = ReplayedSessions(
            self.storage, clock, self.sessions, self.mail_queue, self.mail_links
        )
        self.current_session = CurrentSession(
            self.storage, clock, self.cookies, self.secret_keys, replayed_sessions
        )
        self.recorder = EventRecorder(self.storage, clock)
        self.rate_limiter = RateLimiter(
            self.storage,
            clock,
            self.secret_keys,
            limits(settings),
            refused=partial(self.recorder.count, Counted.LIMITED),
        )
        self.mail_budget = MailBudget(self.secret_keys, self.mail_links.to_stop_emails)
        self.providers = providers
        brands = ((provider.key, provider.brand) for provider in providers.values())
        buttons = [ProviderButton(key, brand.name, brand.logo) for key, brand in brands]
        self.methods = SignInMethods(self.cookies, buttons)
        self.devices = Devices(self.cookies, self.secret_keys)
        self.signed_in_response = SignedInResponse(
            self.pages, self.csrf, self.current_session, self.devices, self.methods
        )

    def email_verification(self, owner: VerificationOwner[P]) -> EmailVerification[P]:
        """Return the component that verifies the addresses of this owner."""
        return EmailVerification(
            owner,
            storage=self.storage,
            secret_keys=self.secret_keys,
            clock=self.clock,
            rate_limiter=self.rate_limiter,
            mail_budget=self.mail_budget,
            continuations=self.continuations,
            mail_links=self.mail_links,
            mail_queue=self.verification_mail_queue,
        )
