"""What a resident does with the code of a device: finds the device, and says yes or no (RFC 8628 §3.3)."""

from dataclasses import dataclass
from enum import Enum, auto

from identity import randomness
from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.oidc.device import user_codes
from identity.oidc.device.store import DeviceAuthorizations, WaitingDevice
from identity.oidc.endpoints.device_authorization import USER_CODE
from identity.oidc.grants.store import Grants, NewGrant
from identity.oidc.tokens import claims
from identity.rate_limits.limiter import Action, RateLimiter
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredClient, RegisteredResource
from identity.residents.accounts.store import Accounts
from identity.secret_keys import SecretKeys
from identity.storage import Storage
from identity.web.current_session import SignedIn
from identity.web.visitor import Visitor


@dataclass(frozen=True)
class Asked:
    """A device that waits, and whose it is."""

    device: WaitingDevice
    client: RegisteredClient
    resources: list[RegisteredResource]


class NotFound(Enum):
    """Why a typed code leads to no device."""

    UNKNOWN = auto()
    TOO_MANY = auto()


class DeviceApproval:
    """The verbs of the page."""

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

    def look_up(self, typed: str, visitor: Visitor) -> Asked | NotFound:
        """Return the device that shows this code; guessing is limited by network and by code (§5.1)."""
        code = user_codes.read(typed)
        if not self._rate_limiter.allows_network(Action.USER_CODE, visitor.ip_address):
            return NotFound.TOO_MANY
        if code is None:
            return NotFound.UNKNOWN
        if not self._rate_limiter.allows(Action.USER_CODE_ITSELF, code):
            return NotFound.TOO_MANY
        with self._storage.autocommit() as connection:
            device = DeviceAuthorizations(connection).by_user_code(
                self._secret_keys.keyed_digest(USER_CODE, code)
            )
        return self._asked(device) or NotFound.UNKNOWN

    def find(self, device_id: str) -> Asked | None:
        """Return the device if it still waits for an answer."""
        with self._storage.autocommit() as connection:
            return self._asked(DeviceAuthorizations(connection).find(device_id))

    def allow(self, asked: Asked, signed_in: SignedIn, visitor: Visitor) -> bool:
        """Let the device have what it asks for; False when that came too late. Ends with this session."""
        now, device = self._clock.now(), asked.device
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
            if not DeviceAuthorizations(tx).decide(device.id, grant.id, now):
                return False
            Grants(tx).issue(grant)
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

    def refuse(self, asked: Asked) -> bool:
        """Tell the device no; False when that came too late."""
        with self._storage.autocommit() as connection:
            return DeviceAuthorizations(connection).decide(asked.device.id, None, self._clock.now())

    def email_of(self, signed_in: SignedIn) -> str:
        """Return the address by which the resident knows their account."""
        with self._storage.transaction() as tx:
            resident = Accounts(tx).get(signed_in.resident_id)
            return (resident.email if resident else None) or ""

    def _asked(self, device: WaitingDevice | None) -> Asked | None:
        if device is None or not device.can_be_decided(self._clock.now()):
            return None
        client = self._relying_parties.client(device.client_id)
        resources = [r for uri in device.resources if (r := self._relying_parties.resource(uri))]
        return Asked(device, client, resources) if client else None
