"""The OpenID provider: its endpoints and its pages."""

from flask import Blueprint

from identity.composition.dependencies import Dependencies
from identity.egress import Egress
from identity.network_addresses import is_on_loopback
from identity.oidc.authorization.decision import Authorization
from identity.oidc.authorization.endpoint import AuthorizationEndpoint
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
from identity.oidc.endpoints.http_requests import HttpRequests
from identity.oidc.endpoints.introspection import Introspection
from identity.oidc.endpoints.jwks import Jwks
from identity.oidc.endpoints.pushed_requests import PushedRequestEndpoint
from identity.oidc.endpoints.revocation import TokenRevocation
from identity.oidc.endpoints.routes import ProtocolEndpoints
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
from identity.outbound_http import OutboundHttp
from identity.relying_parties.logos.logo import LIMITS as LOGO_LIMITS
from identity.relying_parties.logos.logo import PublishedLogos
from identity.relying_parties.sector_identifiers import LIMITS as SECTOR_LIMITS
from identity.relying_parties.sector_identifiers import SectorIdentifiers
from identity.web.api import Route


class OpenIdProvider:
    """The OpenID provider, each part of it constructed once."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._storage, self._secret_keys = dependencies.storage, dependencies.secret_keys
        self._clock, self._issuer = dependencies.clock, dependencies.settings.issuer
        self._pages, self._csrf = dependencies.pages, dependencies.csrf
        self._current_session, self._cookies = dependencies.current_session, dependencies.cookies
        self._relying_parties, self._rate_limiter = dependencies.relying_parties, dependencies.rate_limiter
        self._sessions, self._key_set = dependencies.sessions, dependencies.key_set
        self._resource_authentication = dependencies.resource_authentication
        storage, clock, secret_keys = self._storage, self._clock, self._secret_keys
        self._signer = TokenSigner(self._key_set, clock, self._issuer)
        self._access_tokens = AccessTokens(self._signer, clock, self._issuer)
        self._id_tokens = IdTokens(self._signer, clock, self._issuer)
        self._resources = ResourceIndicators(self._relying_parties, self._issuer)
        egress, is_development = Egress.of(dependencies.settings), is_on_loopback(self._issuer)
        key_set_http = OutboundHttp(KEY_SET_LIMITS, egress, allows_loopback=is_development)
        self._client_keys = ClientKeySets(key_set_http, clock)
        sector_http = OutboundHttp(SECTOR_LIMITS, egress, allows_loopback=is_development)
        self._sectors = SectorIdentifiers(sector_http)
        logo_http = OutboundHttp(LOGO_LIMITS, egress, allows_loopback=is_development)
        self._logos = PublishedLogos(logo_http)
        self._failed_authentications = FailedAuthentications(storage, clock)
        self._certificates = ClientCertificates(dependencies.settings, clock, self._client_keys)
        self._proofs = DpopProofs(storage, clock, secret_keys)
        self._constraints = SenderConstraints(self._proofs)
        self._families = RefreshFamilies(secret_keys)
        self._revocation = Revocation(
            storage, clock, self._relying_parties, dependencies.mail_queue, dependencies.mail_links
        )
        self._rotation = RefreshRotation(storage, clock, self._revocation, self._families)
        self._client_authentication = self._build_client_authentication()
        self._requests = AuthorizationRequests(self._relying_parties, self._resources, self._id_tokens)
        self._pushed = PushedRequests(storage, clock)
        objects = RequestObjects(storage, clock, self._client_keys, self._issuer)
        self._resolver = RequestResolver(self._requests, objects, self._pushed)
        interactions = Interactions(storage, clock)
        self._authorization = Authorization(
            storage, clock, self._resolver, self._requests, interactions, self._issuer
        )
        self._authorization_endpoint = AuthorizationEndpoint(
            self._authorization, self._current_session, self._cookies, clock
        )

    def routes(self) -> list[Route]:
        """Return the routes of the endpoints that programs call."""
        return ProtocolEndpoints(
            http=HttpRequests(self._certificates, self._proofs, self._issuer),
            authorization=self._authorization_endpoint,
            discovery=Discovery(self._relying_parties, self._certificates, self._issuer),
            jwks=Jwks(self._key_set),
            token=self._token_endpoint(),
            introspection=self._introspection(),
            revocation=self._token_revocation(),
            device_authorization=self._device_authorization(),
            pushed_requests=self._pushed_requests(),
            client_registration=self._registration(),
            userinfo=self._userinfo(),
        ).routes()

    def blueprint(self) -> Blueprint:
        """Return the pages: those that a city's website sends browsers to, exempt from CSRF protection.

        Their forms are in the nested blueprint `oidc.forms`, which is protected.
        """
        pages, forms = Blueprint("oidc", "identity.oidc"), Blueprint("forms", "identity.oidc")
        self._authorization_pages().add_to(pages, forms)
        self._logout_pages().add_to(pages, forms)
        self._device_pages().add_to(forms)
        pages.register_blueprint(forms)
        self._csrf.exempt(pages)
        return pages

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
            ClientCredentialsGrant(storage, resources, responses),
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

    def _introspection(self) -> Introspection:
        return Introspection(
            storage=self._storage,
            clock=self._clock,
            relying_parties=self._relying_parties,
            resources=self._resource_authentication,
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
            ClientSelfService(self._storage, self._clock, self._sectors, self._logos),
            self._rate_limiter,
            self._issuer,
        )

    def _userinfo(self) -> UserInfo:
        return UserInfo(
            storage=self._storage,
            clock=self._clock,
            relying_parties=self._relying_parties,
            access_tokens=self._access_tokens,
            signer=self._signer,
            proofs=self._proofs,
            issuer=self._issuer,
        )

    def _authorization_pages(self) -> AuthorizationPages:
        return AuthorizationPages(
            endpoint=self._authorization_endpoint,
            authorization=self._authorization,
            relying_parties=self._relying_parties,
            pages=self._pages,
            current_session=self._current_session,
            cookies=self._cookies,
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
