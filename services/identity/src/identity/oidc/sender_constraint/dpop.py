"""Demonstrating Proof of Possession (RFC 9449): proofs, and the nonces that bind them to the server's time.

A proof with a nonce is as fresh as the nonce, whatever the client's clock says; without one its `iat` must be
right to the minute. Nonces are not stored: each is a time with an HMAC.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from authlib.oauth2 import OAuth2Error
from joserfc.errors import JoseError
from joserfc.util import urlsafe_b64encode

from identity.clock import Clock
from identity.oidc.protocol.replay_store import SingleUse, check_unspent, single_use
from identity.oidc.protocol.signed_jwts import (
    JwtRefusedError,
    UnverifiedJwt,
    identifier,
    moment,
    parse_unverified,
)
from identity.relying_parties import client_keys
from identity.relying_parties.clients import RegisteredClient
from identity.secret_keys import SecretKeys
from identity.storage import Storage

ALGORITHMS = client_keys.ALGORITHMS
THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
# A new nonce is made each minute and accepted for five.
_NONCE_EVERY, _NONCE_LIFE = 60, timedelta(minutes=5)
_WINDOW = timedelta(seconds=60)
# Longer than any proof is accepted.
_REMEMBERED = timedelta(minutes=10)
_NONCE = re.compile(r"([0-9]{1,12})\.([A-Za-z0-9_-]{43})")
_DEFAULT_PORTS = {"https": 443, "http": 80}


class DpopRefusedError(OAuth2Error):
    """A proof is missing or not valid (RFC 9449 §5)."""

    error = "invalid_dpop_proof"


class DpopNonceNeededError(OAuth2Error):
    """The proof must contain the nonce that comes with this response (RFC 9449 §8)."""

    error = "use_dpop_nonce"
    description = "The DPoP proof has to contain a nonce of this server."


@dataclass(frozen=True)
class ProvenKey:
    """A key of which a request brought a proof."""

    # RFC 7638 thumbprint.
    jkt: str
    # The proof works once: spent with what the request yields.
    single_use: SingleUse


class DpopProofs:
    """Verifies proofs, each of which works once."""

    def __init__(self, storage: Storage, clock: Clock, secret_keys: SecretKeys) -> None:
        self._storage, self._clock = storage, clock
        self._nonce_keys = secret_keys.derive("dpop nonce")

    def nonce(self) -> str:
        """Return the current nonce."""
        seconds = int(self._clock.now().timestamp())
        return _nonce(self._nonce_keys[-1], seconds - seconds % _NONCE_EVERY)

    def verify(
        self, proof: str, method: str, uri: str, client: RegisteredClient, access_token: str | None = None
    ) -> ProvenKey:
        """Return the key that made the client's proof for this request (RFC 9449 §4.3). Nothing is spent.

        Raises `DpopRefusedError` and `DpopNonceNeededError`.
        """
        try:
            jwt = parse_unverified(proof, ("dpop+jwt",))
            jkt = _proven_key(jwt, client)
            self._check_claims(jwt.claims, method, uri, access_token)
            self._check_freshness(jwt.claims, nonce_needed=client.dpop_bound_access_tokens)
            return ProvenKey(jkt, self._unspent(jwt.claims, jkt))
        except JwtRefusedError as error:
            raise DpopRefusedError(f"The DPoP proof {error}.") from None

    def _check_claims(self, claims: Mapping[str, object], method: str, uri: str, token: str | None) -> None:
        if claims.get("htm") != method:
            raise JwtRefusedError("is for another method (htm)")
        htu = claims.get("htu")
        if not isinstance(htu, str) or _address(htu) != _address(uri):
            raise JwtRefusedError("is for another address (htu)")
        if token is not None and claims.get("ath") != _hash(token):
            raise JwtRefusedError("is for another access token (ath)")

    def _check_freshness(self, claims: Mapping[str, object], *, nonce_needed: bool) -> None:
        now, issued, nonce = self._clock.now(), moment(claims, "iat"), claims.get("nonce")
        if issued is None:
            raise JwtRefusedError("has no iat")
        if nonce is None:
            is_timely = abs(issued - int(now.timestamp())) <= _WINDOW.total_seconds()
            if nonce_needed or not is_timely:
                raise DpopNonceNeededError
        elif not isinstance(nonce, str) or not self._is_current(nonce, now):
            raise DpopNonceNeededError

    def _is_current(self, nonce: str, now: datetime) -> bool:
        match = _NONCE.fullmatch(nonce)
        if match is None:
            return False
        made = int(match[1])
        is_ours = any(hmac.compare_digest(nonce, _nonce(key, made)) for key in self._nonce_keys)
        return is_ours and 0 <= int(now.timestamp()) - made < _NONCE_LIFE.total_seconds()

    def _unspent(self, claims: Mapping[str, object], jkt: str) -> SingleUse:
        jti = identifier(claims)
        if jti is None:
            raise JwtRefusedError("has no jti")
        refusal = DpopRefusedError("The DPoP proof was used before (jti).")
        use = single_use("dpop", jkt, jti, self._clock.now() + _REMEMBERED, refusal)
        check_unspent(self._storage, use)
        return use


def _proven_key(jwt: UnverifiedJwt, client: RegisteredClient) -> str:
    if not client.may_sign_with(jwt.alg):
        raise JwtRefusedError("is not signed with PS256, ES256 or EdDSA")
    jwk = jwt.header.get("jwk")
    if problem := client_keys.problem_with_key(jwk):
        raise JwtRefusedError(f"has a jwk that {problem}")
    if not isinstance(jwk, Mapping) or not client_keys.fits(jwk, jwt.alg):
        raise JwtRefusedError("has a jwk for another algorithm")
    key = client_keys.parse(jwk)
    if not jwt.is_signed_by([key]):
        raise JwtRefusedError("is not signed with its own jwk")
    try:
        return key.thumbprint()
    except (JoseError, KeyError):
        raise JwtRefusedError("has a jwk that is broken") from None


def _nonce(key: bytes, made: int) -> str:
    mac = hmac.new(key, f"{made}".encode(), hashlib.sha256).digest()
    return f"{made}.{urlsafe_b64encode(mac).decode()}"


def _hash(token: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).decode()


def _address(uri: str) -> tuple[str, str, int | None, str] | None:
    """Return the compared parts of an address: without query and fragment, with its port (RFC 9449 §4.3)."""
    try:
        parts = urlsplit(uri)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return parts.scheme, parts.hostname or "", port, parts.path or "/"
