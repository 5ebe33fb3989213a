"""The provider put together: every part of it is named here, and nothing of it is found by looking around."""

from identity.clock import Clock
from identity.config import Settings
from identity.oidc.authorization.decision import Authorization
from identity.oidc.authorization.interactions import InteractionDesk
from identity.oidc.authorization.requests import AuthorizationRequests
from identity.oidc.authorization.routes import AuthorizationPages
from identity.oidc.client_authentication import ClientAuthentication
from identity.oidc.device.approval import DeviceApproval
from identity.oidc.device.authorization import DeviceAuthorizationEndpoint
from identity.oidc.device.routes import DevicePages
from identity.oidc.discovery import Discovery
from identity.oidc.grants.authorization_code import CodeRedemption
from identity.oidc.grants.device_code import DevicePolls
from identity.oidc.grants.refresh_families import RefreshFamilies
from identity.oidc.grants.refresh_token import RefreshRotation
from identity.oidc.grants.token_exchange import TokenExchange
from identity.oidc.introspection import Introspection
from identity.oidc.logout.routes import LogoutPages
from identity.oidc.logout.sign_out import Logout
from identity.oidc.minting import Minting
from identity.oidc.resource_indicators import ResourceIndicators
from identity.oidc.revocation import Revocation
from identity.oidc.routes import MachineEndpoints, Routes, blueprint
from identity.oidc.safety_mail import SafetyMail
from identity.oidc.server import ProtocolServer
from identity.oidc.token_revocation import TokenRevocation
from identity.oidc.tokens import Tokens
from identity.oidc.userinfo import UserInfo
from identity.relying_parties.directory import Directory
from identity.sealing import Keyring
from identity.signing_keys.ring import KeyRing
from identity.storage import Storage
from identity.web.continuation import Continuations
from identity.web.cookies import Cookies
from identity.web.csrf import Csrf
from identity.web.current_session import CurrentSession
from identity.web.mail_links import MailLinks
from identity.web.pages import Pages
from identity.web.throttling.throttle import Throttle


class Provider:
    """The OpenID provider."""

    def __init__(  # noqa: PLR0913, PLR0917 - the composition root names each of them
        self,
        storage: Storage,
        keyring: Keyring,
        clock: Clock,
        settings: Settings,
        pages: Pages,
        current_session: CurrentSession,
        directory: Directory,
        throttle: Throttle,
        csrf: Csrf,
    ) -> None:
        self._issuer = settings.issuer
        ring = KeyRing(storage, keyring, clock)
        tokens = Tokens(ring, clock, self._issuer)
        mail_links = MailLinks(settings, Continuations(keyring))
        revocation = Revocation(storage, clock, SafetyMail(keyring, clock, directory, mail_links))
        families = RefreshFamilies(keyring)
        rotation = RefreshRotation(storage, clock, revocation, families)
        redemption = CodeRedemption(storage, clock, revocation, families)
        minting = Minting(tokens, ResourceIndicators(directory, self._issuer))
        server = ProtocolServer(
            directory,
            ClientAuthentication(directory, clock),
            redemption,
            rotation,
            DevicePolls(storage, clock, redemption),
            TokenExchange(storage, clock, tokens, minting),
            minting,
        )
        self._machine_endpoints = MachineEndpoints(
            server,
            Introspection(storage, clock, directory, server, tokens, rotation, self._issuer),
            TokenRevocation(storage, clock, server, tokens, rotation, revocation),
            DeviceAuthorizationEndpoint(storage, keyring, clock, server, throttle, self._issuer),
            UserInfo(storage, clock, directory, tokens),
            Discovery(directory, self._issuer),
            ring,
            self._issuer,
        )
        resources = ResourceIndicators(directory, self._issuer)
        requests = AuthorizationRequests(directory, server, resources, tokens, self._issuer)
        desk = InteractionDesk(storage, clock)
        self._authorization_pages = AuthorizationPages(
            Authorization(storage, clock, requests, desk, self._issuer),
            directory,
            pages,
            current_session,
            Cookies(settings),
            clock,
            self._issuer,
        )
        self._logout_pages = LogoutPages(Logout(storage, clock, directory, tokens), pages, current_session)
        approval = DeviceApproval(storage, keyring, clock, directory, throttle)
        self._device_pages = DevicePages(approval, pages, current_session, csrf)

    def blueprint(self) -> Routes:
        """Return the routes."""
        return blueprint(
            self._machine_endpoints, self._authorization_pages, self._logout_pages, self._device_pages
        )
