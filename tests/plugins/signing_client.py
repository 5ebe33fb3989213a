"""A client with keys of its own: client assertions, request objects and DPoP proofs, sound or spoiled.

Nothing here is identity's: signatures are made directly, so that what identity must refuse can be made too.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from identity_provider import ISSUER
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEYS: dict[str, Any] = {
    "ES256": ECKey.generate_key("P-256", {"kid": "ec"}),
    "RS256": RSAKey.generate_key(2048, {"kid": "rsa"}),
    "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "ed"}),
}
KEYS["PS256"] = KEYS["RS256"]
STRANGER = ECKey.generate_key("P-256", {"kid": "ec"})


def public(key: Any) -> dict[str, Any]:
    """Return the public JWK."""
    return dict(key.as_dict(private=False))


JWKS = {"keys": [public(KEYS[alg]) for alg in ("ES256", "RS256", "EdDSA")]}


def encoded(content: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def signed(claims: Any, alg: str = "ES256", key: Any = None, **header: Any) -> str:
    """Return a JWT, or something like one; a claim or header of None is left out."""
    head = {k: v for k, v in ({"alg": alg} | header).items() if v is not None}
    body = {k: v for k, v in claims.items() if v is not None} if isinstance(claims, dict) else claims
    text = f"{encoded(json.dumps(head).encode())}.{encoded(json.dumps(body).encode())}"
    if alg == "none":
        return f"{text}."
    signer = key or KEYS[alg]
    model: Any = JWSRegistry.algorithms[alg]
    return f"{text}.{encoded(model.sign(text.encode(), signer))}"


def with_public_key_as_secret(claims: dict[str, Any]) -> str:
    """Return a JWT whose MAC is made with the public key: the classic confusion of algorithms."""
    body = {name: value for name, value in claims.items() if value is not None}
    head = {"alg": "HS256", "kid": "rsa"}
    text = f"{encoded(json.dumps(head).encode())}.{encoded(json.dumps(body).encode())}"
    secret = KEYS["RS256"].as_pem(private=False)
    return f"{text}.{encoded(hmac.digest(secret, text.encode(), 'sha256'))}"


def seconds(moment: datetime) -> int:
    """Return a time as JWTs write it."""
    return int(moment.timestamp())


def assertion_claims(client_id: str, now: datetime, **changes: Any) -> dict[str, Any]:
    """Return the claims of a client assertion."""
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": ISSUER,
        "iat": seconds(now),
        "exp": seconds(now) + 60,
        "jti": str(uuid4()),
    }
    return claims | changes


def assertion(client_id: str, now: datetime, alg: str = "ES256", **changes: Any) -> dict[str, str]:
    """Return the form fields of `private_key_jwt`."""
    jwt = signed(assertion_claims(client_id, now, **changes), alg, kid=KEYS[alg].kid)
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": jwt}


def request_object(request: dict[str, Any], now: datetime, alg: str = "ES256", **changes: Any) -> str:
    """Return a signed authorization request."""
    claims = {
        "iss": request["client_id"],
        "aud": ISSUER,
        "iat": seconds(now),
        "nbf": seconds(now),
        "exp": seconds(now) + 300,
        "jti": str(uuid4()),
    }
    return signed(claims | request | changes, alg, typ="oauth-authz-req+jwt", kid=KEYS[alg].kid)


@dataclass
class Prover:
    """Makes DPoP proofs with one key."""

    clock: Any
    key: Any
    nonce: str | None = None
    alg: str = "ES256"

    @property
    def jkt(self) -> str:
        """Return the key's thumbprint."""
        return str(self.key.thumbprint())

    def proof(
        self,
        path: str,
        method: str = "POST",
        *,
        token: str | None = None,
        header: dict[str, Any] | None = None,
        **changes: Any,
    ) -> dict[str, str]:
        """Return the header `DPoP` for a request to this path of identity."""
        claims = {
            "jti": str(uuid4()),
            "htm": method,
            "htu": f"{ISSUER}{path}",
            "iat": seconds(self.clock.now()),
            "nonce": self.nonce,
            "ath": encoded(hashlib.sha256(token.encode()).digest()) if token else None,
        }
        jwk = {k: v for k, v in public(self.key).items() if k != "kid"}
        head = {"typ": "dpop+jwt", "jwk": jwk} | (header or {})
        alg = head.pop("alg", self.alg)
        return {"DPoP": signed(claims | changes, alg, self.key, **head)}


def prover(clock: Any) -> Prover:
    """Return a prover with a new key."""
    return Prover(clock, ECKey.generate_key("P-256"))
