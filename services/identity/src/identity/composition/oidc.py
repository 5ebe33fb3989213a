"""The provider put together: every part of it is named here, and nothing of it is found by looking around."""

from collections.abc import Mapping

from identity.clock import Clock
from identity.config import Settings
from identity.continuation import Continuations
from identity.mail.queue import MailQueue
from identity.oidc.authorization.decision import Authorization
from identity.oidc.authorization.interactions import Interactions
from identity.oidc.authorization.pushed_requests import PushedRequests
from identity.oidc.authorization.request_objects import RequestObjects
from identity.oidc.authorization.request_resolver import RequestResolver
from identity.oidc.authorization.requests import AuthorizationRequests
from identity.oidc.authorization.routes import AuthorizationPages
from identity.oidc.client_authentication.assertions import ClientAssertions
from identity.oidc.client_authentication.authentication import ClientAuthentication
from identity.oidc.client_authentication.certificates import ClientCertificates
from identity.oidc.client_authentication.failed_authentications import FailedAuthentications
from identity.oidc.client_authentication.key_sets import KEY_SET_LIMITS, ClientKeySets
from identity.oidc.client_registration.registration import ClientSelfService
from identity.oidc.device.approval import DeviceApproval
from identity.oidc.device.routes import DevicePages
from identity.oidc.endpoints.client_registration import RegistrationEndpoint
from identity.oidc.endpoints.device_authorization import DeviceAuthorizationEndpoint
from identity.oidc.endpoints.discovery import Discovery
from identity.oidc.endpoints.introspection import Introspection
from identity.oidc.endpoints.pushed_requests import PushedRequestEndpoint
from identity.oidc.endpoints.revocation import TokenRevocation
from identity.oidc.endpoints.routes import MachineEndpoints, Routes, blueprint
from identity.oidc.endpoints.token import TokenEndpoint
from identity.oidc.endpoints.userinfo import UserInfo
from identity.oidc.grant_types.authorization_code import AuthorizationCodeGrant, AuthorizationCodes
from identity.oidc.grant_types.base import GrantType
from identity.oidc.grant_types.client_credentials import ClientCredentialsGrant
from identity.oidc.grant_types.device_code import DeviceCodeGrant
from identity.oidc.grant_types.refresh_token import RefreshRotation, RefreshTokenGrant
from identity.oidc.grant_types.token_exchange import TokenExchangeGrant
from identity.oidc.grants.refresh_tokens import RefreshFamilies
from identity.oidc.grants.revocation import Revocation
from identity.oidc.logout.routes import LogoutPages
from identity.oidc.logout.sign_out import RpInitiatedLogout
from identity.oidc.sender_constraint.binding import SenderConstraints
from identity.oidc.sender_constraint.dpop import DpopProofs
from identity.oidc.tokens.access_token import AccessTokens
from identity.oidc.tokens.id_token import IdTokens
from identity.oidc.tokens.resource_indicators import ResourceIndicators
from identity.oidc.tokens.responses import TokenResponses
from identity.oidc.tokens.signing import TokenSigner
from identity.outbound_http import OutboundHttp, is_on_loopback
from identity.rate_limits.limiter import RateLimiter
from identity.relying_parties.cache import RelyingPartyCache
from identity.residents.sessions.lifecycle import SessionLifecycle
from identity.secret_keys import SecretKeys
from identity.signing_keys.key_set import KeySet
from identity.storage import Storage
from identity.web.api import Endpoint
from identity.web.cookies import Cookies
from identity.web.csrf import Csrf
from identity.web.current_session import CurrentSession
from identity.web.mail_links import MailLinks
from identity.web.pages import Pages


class Provider:
    """The OpenID provider."""

    def __init__(  # noqa: PLR0917 - the composition root names each of them
        self,
        storage: Storage,
        secret_keys: SecretKeys,
        clock: Clock,
        settings: Settings,
        key_set: KeySet,
        pages: Pages,
        current_session: CurrentSession,
        relying_parties: RelyingPartyCache,
        rate_limiter: RateLimiter,
        csrf: Csrf,
        sessions: SessionLifecycle,
    ) -> None:
        self._storage, self._secret_keys, self._clock = storage, secret_keys, clock
        self._settings, self._issuer = settings, settings.issuer
        self._pages, self._current_session, self._csrf = pages, current_session, csrf
        self._relying_parties, self._rate_limiter, self._sessions = relying_parties, rate_limiter, sessions
        self._key_set = key_set
        self._access_tokens = AccessTokens(self._key_set, clock, self._issuer)
        self._id_tokens = IdTokens(self._key_set, clock, self._issuer)
        self._resources = ResourceIndicators(relying_parties, self._issuer)
        key_set_http = OutboundHttp(KEY_SET_LIMITS, allows_loopback=is_on_loopback(self._issuer))
        self._client_keys = ClientKeySets(key_set_http, clock)
        self._failed_authentications = FailedAuthentications(storage, clock)
        self._certificates = ClientCertificates(settings, clock, self._client_keys)
        self._proofs = DpopProofs(storage, clock, secret_keys)
        self._constraints = SenderConstraints(self._proofs)
        self._families = RefreshFamilies(secret_keys)
        mail_links = MailLinks(settings, Continuations(secret_keys))
        self._revocation = Revocation(
            storage, clock, relying_parties, MailQueue(secret_keys, clock), mail_links
        )
        self._rotation = RefreshRotation(storage, clock, self._revocation, self._families)
        self._client_authentication = self._build_client_authentication()
        self._requests = AuthorizationRequests(relying_parties, self._resources, self._id_tokens)
        self._pushed = PushedRequests(storage, clock)
        objects = RequestObjects(storage, clock, self._client_keys, self._issuer)
        self._resolver = RequestResolver(self._requests, objects, self._pushed)
        self._machines = self._machine_endpoints()

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """What machines call, by path; complete once there is a blueprint."""
        return self._machines.by_path

    def blueprint(self) -> Routes:
        """Return the routes."""
        return blueprint(
            self._machines, self._authorization_pages(), self._logout_pages(), self._device_pages()
        )

    def expire(self) -> None:
        """Read again what it remembers of its clients' keys and failures."""
        self._client_keys.expire()
        self._failed_authentications.expire()

    def _token_endpoint(self) -> TokenEndpoint:
        storage, clock, resources = self._storage, self._clock, self._resources
        codes = AuthorizationCodes(storage, clock, self._revocation, self._families)
        responses = TokenResponses(self._access_tokens, self._id_tokens, resources)
        grant_types: list[GrantType] = [
            AuthorizationCodeGrant(codes, responses),
            RefreshTokenGrant(self._rotation, responses),
            ClientCredentialsGrant(resources, responses),
            DeviceCodeGrant(storage, clock, codes, responses),
            TokenExchangeGrant(storage, clock, self._access_tokens, resources, responses),
        ]
        return TokenEndpoint(self._client_authentication, grant_types, self._constraints)

    def _build_client_authentication(self) -> ClientAuthentication:
        assertions = ClientAssertions(self._storage, self._clock, self._client_keys, self._issuer)
        return ClientAuthentication(
            self._relying_parties,
            self._clock,
            assertions,
            self._certificates,
            self._failed_authentications,
        )

    def _machine_endpoints(self) -> MachineEndpoints:
        return MachineEndpoints(
            self._token_endpoint(),
            self._introspection(),
            self._token_revocation(),
            self._device_authorization(),
            self._pushed_requests(),
            self._registration(),
            self._userinfo(),
            Discovery(self._relying_parties, self._certificates, self._issuer),
            self._key_set,
            self._proofs,
            self._certificates,
            self._issuer,
        )

    def _introspection(self) -> Introspection:
        return Introspection(
            storage=self._storage,
            clock=self._clock,
            relying_parties=self._relying_parties,
            client_authentication=self._client_authentication,
            access_tokens=self._access_tokens,
            rotation=self._rotation,
            issuer=self._issuer,
        )

    def _token_revocation(self) -> TokenRevocation:
        return TokenRevocation(
            self._storage,
            self._clock,
            self._client_authentication,
            self._access_tokens,
            self._rotation,
            self._revocation,
        )

    def _device_authorization(self) -> DeviceAuthorizationEndpoint:
        return DeviceAuthorizationEndpoint(
            storage=self._storage,
            secret_keys=self._secret_keys,
            clock=self._clock,
            client_authentication=self._client_authentication,
            resources=self._resources,
            rate_limiter=self._rate_limiter,
            issuer=self._issuer,
        )

    def _pushed_requests(self) -> PushedRequestEndpoint:
        return PushedRequestEndpoint(
            self._client_authentication, self._resolver, self._requests, self._constraints, self._pushed
        )

    def _registration(self) -> RegistrationEndpoint:
        return RegistrationEndpoint(
            ClientSelfService(self._storage, self._clock), self._rate_limiter, self._issuer
        )

    def _userinfo(self) -> UserInfo:
        return UserInfo(
            storage=self._storage,
            clock=self._clock,
            relying_parties=self._relying_parties,
            access_tokens=self._access_tokens,
            signer=TokenSigner(self._key_set, self._clock, self._issuer),
            proofs=self._proofs,
            issuer=self._issuer,
        )

    def _authorization_pages(self) -> AuthorizationPages:
        interactions = Interactions(self._storage, self._clock)
        authorization = Authorization(
            self._storage, self._clock, self._resolver, self._requests, interactions, self._issuer
        )
        return AuthorizationPages(
            authorization=authorization,
            relying_parties=self._relying_parties,
            pages=self._pages,
            current_session=self._current_session,
            cookies=Cookies(self._settings),
            clock=self._clock,
            issuer=self._issuer,
        )

    def _logout_pages(self) -> LogoutPages:
        logout = RpInitiatedLogout(
            self._storage, self._clock, self._relying_parties, self._id_tokens, self._sessions
        )
        return LogoutPages(logout, self._pages, self._current_session)

    def _device_pages(self) -> DevicePages:
        approval = DeviceApproval(
            self._storage, self._secret_keys, self._clock, self._relying_parties, self._rate_limiter
        )
        return DevicePages(approval, self._pages, self._current_session, self._csrf)
