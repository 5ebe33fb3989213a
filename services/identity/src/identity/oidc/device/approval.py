"""The resident's side of a device authorization: find the device, allow or deny it (RFC 8628 §3.3)."""

from dataclasses import dataclass

from identity import randomness, typed_codes
from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.oidc.device.store import DeviceAuthorizations, WaitingDevice
from identity.oidc.endpoints.device_authorization import USER_CODE
from identity.oidc.grants.store import Grants, NewGrant
from identity.oidc.tokens import claims
from identity.rate_limits.limiter import Action, RateLimiter
from identity.rate_limits.networks import network_class
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredClient, RegisteredResource
from identity.residents.accounts.store import Accounts
from identity.secret_keys import SecretKeys
from identity.storage import Storage
from identity.web.current_session import SignedIn
from identity.web.visitor import Visitor


@dataclass(frozen=True)
class DeviceRequest:
    """A device that waits for the resident's decision, its client and the resources that it asks for."""

    device: WaitingDevice
    client: RegisteredClient
    resources: list[RegisteredResource]


class NotFound:
    """No device waits with this code: it is wrong, has expired or is decided."""


@dataclass(frozen=True)
class TooManyCodes:
    """Too many codes were typed in this network, or this one too often."""

    # Seconds until the next one.
    retry_after: int


class DeviceApproval:
    """Finds waiting devices, and records what the resident decides."""

    def __init__(
        self,
        storage: Storage,
        secret_keys: SecretKeys,
        clock: Clock,
        relying_parties: RelyingPartyCache,
        rate_limiter: RateLimiter,
    ) -> None:
        self._storage, self._secret_keys, self._clock = storage, secret_keys, clock
        self._relying_parties, self._rate_limiter = relying_parties, rate_limiter

    def find_by_user_code(self, typed: str, visitor: Visitor) -> DeviceRequest | NotFound | TooManyCodes:
        """Return the waiting device with this user code; attempts are limited by network and code (§5.1).

        Of a class of networks only failures count.
        """
        code = typed_codes.parse(typed)
        if seconds := self._rate_limiter.network_waits(Action.USER_CODE, visitor.ip_address):
            return TooManyCodes(seconds)
        network = network_class(visitor.ip_address)
        if seconds := self._rate_limiter.waits(Action.USER_CODE_FROM_NETWORK, network):
            return TooManyCodes(seconds)
        if code is None:
            return NotFound()
        if seconds := self._rate_limiter.waits(Action.USER_CODE_ITSELF, code):
            return TooManyCodes(seconds)
        with self._storage.autocommit() as connection:
            device = DeviceAuthorizations(connection).find_by_user_code(
                self._secret_keys.keyed_digests(USER_CODE, code)
            )
        waiting = self._waiting(device)
        if waiting is None:
            return NotFound()
        self._rate_limiter.give_back(Action.USER_CODE_FROM_NETWORK, network)
        return waiting

    def find_device(self, device_id: str) -> DeviceRequest | None:
        """Return the device; None if it is unknown, expired or decided."""
        with self._storage.autocommit() as connection:
            return self._waiting(DeviceAuthorizations(connection).find_device(device_id))

    def allow_device(self, request: DeviceRequest, signed_in: SignedIn, visitor: Visitor) -> bool:
        """Grant the device its scope for as long as this session.

        False, and nothing has changed, if the device expired or was decided, or the session has ended.
        """
        now, device = self._clock.now(), request.device
        grant = NewGrant(
            id=randomness.identifier(),
            client_id=device.client_id,
            resident_id=signed_in.resident_id,
            session_id=signed_in.sid,
            scope=device.scope,
            resources=device.resources,
            userinfo_claims="",
            id_token_claims="",
            offline="offline_access" in device.scope.split(),
            nonce=None,
            authenticated_at=signed_in.authenticated_at,
            acr=claims.SINGLE_FACTOR,
            amr=" ".join(signed_in.amr),
            created_at=now,
            expires_at=device.expires_at,
            code_digest=device.device_code_digest,
            code_expires_at=device.expires_at,
            redirect_uri=None,
            code_challenge=None,
            dpop_jkt=None,
        )
        with self._storage.transaction() as tx:
            if not DeviceAuthorizations(tx).record_decision(device.id, grant.id, now):
                return False
            # The page has asked: no consent is stored for a device.
            if not Grants(tx).issue(grant, needs_consent=False):
                tx.rollback()
                return False
            Audit(tx).record(
                Event.AUTHORIZATION_GRANTED,
                now,
                resident_id=signed_in.resident_id,
                client_id=device.client_id,
                session_id=signed_in.sid,
                ip_address=visitor.ip_address,
                grant=grant.id,
                device=device.id,
            )
        return True

    def deny_device(self, request: DeviceRequest) -> bool:
        """Deny the device; False if it expired or was decided."""
        with self._storage.autocommit() as connection:
            return DeviceAuthorizations(connection).record_decision(
                request.device.id, None, self._clock.now()
            )

    def email_of(self, signed_in: SignedIn) -> str:
        """Return the resident's e-mail address, which names the account on the page; "" without one."""
        with self._storage.transaction() as tx:
            resident = Accounts(tx).get(signed_in.resident_id)
            return (resident.email if resident else None) or ""

    def _waiting(self, device: WaitingDevice | None) -> DeviceRequest | None:
        if device is None or not device.can_be_decided(self._clock.now()):
            return None
        client = self._relying_parties.client(device.client_id)
        resources = [r for uri in device.resources if (r := self._relying_parties.resource(uri))]
        return DeviceRequest(device, client, resources) if client else None
