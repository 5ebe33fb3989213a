"""The device code grant (RFC 8628 §3.4, §3.5): the device polls until the resident has answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidGrantError
from authlib.oauth2.rfc8628 import AuthorizationPendingError, ExpiredTokenError, SlowDownError

from identity.clock import Clock
from identity.oidc.device.store import DeviceAuthorizations, WaitingDevice
from identity.oidc.grant_types.authorization_code import AuthorizationCodes, PresentedCode
from identity.oidc.grant_types.base import TokenRequest
from identity.oidc.protocol.lifetimes import DEVICE_SLOWER
from identity.oidc.protocol.replay_store import SingleUse
from identity.oidc.sender_constraint.binding import Binding
from identity.oidc.tokens.responses import TokenResponse, TokenResponses
from identity.relying_parties.schemas import DEVICE_CODE
from identity.secret_keys import digest
from identity.storage import Storage


@dataclass(frozen=True, repr=False)
class PresentedDeviceCode:
    """A device's code that the resident allowed."""

    code: PresentedCode
    is_over: bool

    def redeem(self, binding: Binding, uses: Sequence[SingleUse]) -> TokenResponse:
        """Claim the code and return its tokens."""
        try:
            return self.code.redeem(binding, uses)
        except InvalidGrantError:
            if self.is_over:
                raise ExpiredTokenError from None
            raise


class DeviceCodeGrant:
    """Exchanges a device's code for tokens, once the resident has allowed it.

    Its grant is stored and claimed as the one behind an authorization code.
    """

    name = DEVICE_CODE

    def __init__(
        self, storage: Storage, clock: Clock, codes: AuthorizationCodes, responses: TokenResponses
    ) -> None:
        self._storage, self._clock = storage, clock
        self._codes, self._responses = codes, responses

    def validate(self, request: TokenRequest) -> PresentedDeviceCode:
        """Check that the resident allowed the device, and the requested resource.

        Raises the errors of RFC 8628 §3.5. A code that is unknown is an `invalid_grant` (RFC 6749 §5.2).
        """
        text = request.required("device_code", "The parameter 'device_code' is missing.")
        device = self._find_allowed(text, request.client.id)
        code = PresentedCode(
            self._codes,
            self._responses,
            request,
            text,
            redirect_uri=None,
            challenge=None,
            resource=self._responses.requested_resource(request.parameters, request.client),
        )
        return PresentedDeviceCode(code, is_over=self._clock.now() >= device.expires_at)

    def _find_allowed(self, device_code: str, client_id: str) -> WaitingDevice:
        now = self._clock.now()
        with self._storage.autocommit() as connection:
            device = DeviceAuthorizations(connection).find_by_device_code(digest(device_code))
        if device is None or device.client_id != client_id:
            raise InvalidGrantError("The device code is not one of this client's.")
        if device.decided_at is None:
            raise self._pending(device, now)
        if device.grant_id is None:
            raise AccessDeniedError
        return device

    def _pending(
        self, device: WaitingDevice, now: datetime
    ) -> ExpiredTokenError | SlowDownError | AuthorizationPendingError:
        """Return what the device is told; one that polls too often waits five seconds longer from now on."""
        if now >= device.expires_at:
            return ExpiredTokenError()
        interval = timedelta(seconds=device.interval_seconds)
        is_too_soon = device.last_polled_at is not None and now < device.last_polled_at + interval
        if is_too_soon:
            interval += DEVICE_SLOWER
        with self._storage.autocommit() as connection:
            DeviceAuthorizations(connection).record_poll(device.id, int(interval.total_seconds()), now)
        return SlowDownError() if is_too_soon else AuthorizationPendingError()
