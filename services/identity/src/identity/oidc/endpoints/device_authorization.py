"""The device authorization endpoint (RFC 8628 §3.1, §3.2)."""

from dataclasses import replace

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import UnauthorizedClientError
from werkzeug.wrappers import Response

from identity import randomness, typed_codes
from identity.clock import Clock
from identity.oidc.client_authentication.authentication import AuthenticatedClient, ClientAuthentication
from identity.oidc.device.store import DeviceAuthorizations, WaitingDevice
from identity.oidc.protocol.errors import TooManyRequestsError
from identity.oidc.protocol.lifetimes import DEVICE_CODE, DEVICE_INTERVAL
from identity.oidc.protocol.replay_store import spending
from identity.oidc.protocol.request import ProtocolRequest
from identity.oidc.protocol.responses import error_response
from identity.oidc.tokens.resource_indicators import ResourceIndicators, allowed_scope
from identity.rate_limits.limiter import Action, RateLimiter
from identity.relying_parties.schemas import DEVICE_CODE as GRANT_TYPE
from identity.secret_keys import SecretKeys, digest
from identity.storage import Storage
from identity.web.responses import json_response

PAGE = "/device"
USER_CODE = "user code"


class DeviceAuthorizationEndpoint:
    """Answers a device with its two codes: one for the device, one for the resident to type."""

    def __init__(
        self,
        *,
        storage: Storage,
        secret_keys: SecretKeys,
        clock: Clock,
        client_authentication: ClientAuthentication,
        resources: ResourceIndicators,
        rate_limiter: RateLimiter,
        issuer: str,
    ) -> None:
        self._storage, self._secret_keys, self._clock = storage, secret_keys, clock
        self._client_authentication, self._resources = client_authentication, resources
        self._rate_limiter = rate_limiter
        self._page = f"{issuer}{PAGE}"

    def respond(self, request: ProtocolRequest, ip_address: str) -> Response:
        """Return the codes (§3.2), or the error. Clients authenticate as at the token endpoint (§3.1)."""
        try:
            request.parameters.check_form()
            authenticated = self._client_authentication.authenticate(request)
            if GRANT_TYPE not in authenticated.client.grant_types:
                raise UnauthorizedClientError("The client is not registered for devices.")
            if seconds := self._rate_limiter.network_waits(Action.DEVICE, ip_address):
                raise TooManyRequestsError("devices", seconds)
            device_code, user_code = self._begin(authenticated, request)
        except OAuth2Error as error:
            return error_response(error)
        shown = typed_codes.formatted(user_code)
        content = {
            "device_code": device_code,
            "user_code": shown,
            "verification_uri": self._page,
            "verification_uri_complete": f"{self._page}?user_code={shown}",
            "expires_in": int(DEVICE_CODE.total_seconds()),
            "interval": int(DEVICE_INTERVAL.total_seconds()),
        }
        return json_response(200, content)

    def _begin(self, authenticated: AuthenticatedClient, request: ProtocolRequest) -> tuple[str, str]:
        client = authenticated.client
        scope = allowed_scope(request.parameters.get("scope") or "openid", client)
        resources = self._resources.granted_resources(request.parameters.all("resource"), client)
        now, device_code, user_code = self._clock.now(), randomness.secret(), typed_codes.generate()
        device = WaitingDevice(
            id=randomness.identifier(),
            client_id=client.id,
            device_code_digest=digest(device_code),
            user_code_digest=self._user_code_digest(user_code),
            scope=scope,
            resources=list(resources),
            created_at=now,
            expires_at=now + DEVICE_CODE,
            interval_seconds=int(DEVICE_INTERVAL.total_seconds()),
        )
        with spending(self._storage, authenticated.single_use) as executor:
            devices = DeviceAuthorizations(executor)
            # Two devices may get the same user code on one day; a second collision is as good as impossible.
            while not devices.add_device(device):
                user_code = typed_codes.generate()
                device = replace(device, user_code_digest=self._user_code_digest(user_code))
        return device_code, user_code

    def _user_code_digest(self, user_code: str) -> str:
        return self._secret_keys.keyed_digest(USER_CODE, user_code)
