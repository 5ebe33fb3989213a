"""The device code grant (RFC 8628 §3.4, §3.5): asked again and again until the resident has answered."""

from datetime import datetime, timedelta
from typing import Any

from authlib.oauth2.rfc6749 import (
    AccessDeniedError,
    InvalidGrantError,
    InvalidRequestError,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc8628 import (
    AuthorizationPendingError,
    DeviceCodeGrant,
    ExpiredTokenError,
    SlowDownError,
)

from identity.clock import Clock
from identity.oidc.client_authentication.authentication import METHODS
from identity.oidc.device.store import DeviceAuthorizations, WaitingDevice
from identity.oidc.grant_types.authorization_code import CodeRedemption, redeemed
from identity.oidc.grants.store import GrantView
from identity.oidc.protocol.lifetimes import DEVICE_SLOWER
from identity.secret_keys import digest
from identity.storage import Storage


class DevicePolls:
    """Answers a device that asks whether it was allowed. The grant is claimed as the one behind a code is."""

    def __init__(self, storage: Storage, clock: Clock, redemption: CodeRedemption) -> None:
        self._storage, self._clock, self._redemption = storage, clock, redemption

    def look(self, device_code: str, client_id: str) -> GrantView:
        """Return the grant that the resident allowed; raises the errors of RFC 8628 §3.5."""
        now = self._clock.now()
        with self._storage.autocommit() as connection:
            device = DeviceAuthorizations(connection).by_device_code(digest(device_code))
        if device is None or device.client_id != client_id:
            raise InvalidGrantError("The device code is not one of this client's.")
        if device.decided_at is None:
            self._wait(device, now)
        if device.grant_id is None:
            raise AccessDeniedError
        facts = self._redemption.look(device_code, client_id)
        if facts is None:
            raise ExpiredTokenError if now >= device.expires_at else InvalidGrantError
        return facts

    def _wait(self, device: WaitingDevice, now: datetime) -> None:
        """Raise the error that says so; who asks too often waits five seconds longer from now on."""
        if now >= device.expires_at:
            raise ExpiredTokenError
        interval = timedelta(seconds=device.interval_seconds)
        is_too_soon = device.last_polled_at is not None and now < device.last_polled_at + interval
        if is_too_soon:
            interval += DEVICE_SLOWER
        with self._storage.autocommit() as connection:
            DeviceAuthorizations(connection).note_poll(device.id, int(interval.total_seconds()), now)
        raise SlowDownError if is_too_soon else AuthorizationPendingError


class PolledDeviceGrant(DeviceCodeGrant):
    """The checks of RFC 8628 §3.4; the code is claimed after all of them, and before tokens are made."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def validate_token_request(self) -> None:
        """Check the request. Authlib calls a code of nobody's an invalid request; RFC 6749 §5.2, a grant."""
        request: Any = self.request
        device_code = request.parameters.get("device_code")
        if device_code is None:
            raise InvalidRequestError("The parameter 'device_code' is missing.")
        client: Any = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client is not registered for devices.")
        request.client = client
        request.credential = self.server.devices.look(device_code, client.registered.id)

    def create_token_response(self) -> Any:  # noqa: ANN401 - Authlib's signature
        """Claim the code and return the tokens."""
        request: Any = self.request
        content = redeemed(self.server, request, request.credential)
        return 200, content, self.TOKEN_RESPONSE_HEADER
