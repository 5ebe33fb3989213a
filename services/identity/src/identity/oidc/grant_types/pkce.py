"""Proof Key for Code Exchange (RFC 7636), S256 alone: required unless a client is registered without it.

The verifier is checked by Authlib. Its check of the challenge is not used: it lets confidential clients go
without one, accepts `plain`, and takes a challenge without a method for `plain`.
"""

import hashlib
import re
from dataclasses import dataclass

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc7636 import CodeChallenge
from joserfc.util import urlsafe_b64encode

from identity.oidc.protocol.parameters import Parameters
from identity.relying_parties.clients import RegisteredClient

METHOD = "S256"
# BASE64URL(SHA256(…)), RFC 7636 §4.2.
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
# RFC 7636 §4.1.
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
# Equal to no challenge.
_NONE = ""


def code_challenge(parameters: Parameters, client: RegisteredClient) -> str | None:
    """Return the challenge of an authorization request (RFC 7636 §4.4.1).

    None: the client is registered without PKCE and sent none. Raises `InvalidRequestError`.
    """
    challenge, method = parameters.get("code_challenge"), parameters.get("code_challenge_method")
    if challenge is None and method is None and not client.pkce_required:
        return None
    if challenge is None:
        raise InvalidRequestError("PKCE is required: send code_challenge with code_challenge_method=S256.")
    if method != METHOD:
        raise InvalidRequestError("Only code_challenge_method=S256 is accepted.")
    if not _CHALLENGE.fullmatch(challenge):
        raise InvalidRequestError("The code_challenge is not the S256 of a verifier.")
    return challenge


def presented_challenge(parameters: Parameters, client: RegisteredClient) -> str | None:
    """Return the challenge that a code must have had for this token request; None: it must have had none.

    Where `check_verifier` accepts the verifier for no challenge it is one that no code has.
    """
    verifier = parameters.get("code_verifier")
    if verifier is None:
        return _NONE if client.is_public else None
    if _VERIFIER.fullmatch(verifier) is None:
        return _NONE
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode()


def check_verifier(parameters: Parameters, client: RegisteredClient, challenge: str | None) -> None:
    """Check the verifier of a token request (RFC 7636 §4.6, RFC 9700 §4.8.2).

    Raises `InvalidRequestError` for one that is malformed or not asked for, `InvalidGrantError` for one that
    is missing or of another challenge.
    """
    verifier = parameters.get("code_verifier")
    if challenge is not None and verifier is None:
        # Authlib has `invalid_request` here; FAPI 2.0's conformance suite expects the error of §4.6.
        raise InvalidGrantError("Missing 'code_verifier': the authorization request had a code_challenge.")
    form = {} if verifier is None else {"code_verifier": verifier}
    request = _CodeRequest(form, client.token_endpoint_auth_method, _Code(challenge))
    _S256.validate_code_verifier(_CodeGrant(request), None)


class _S256Challenge(CodeChallenge):
    def get_authorization_code_challenge_method(self, authorization_code: object) -> str:  # noqa: ARG002 - Authlib's signature
        return METHOD


_S256 = _S256Challenge()


# What Authlib's check reads of its own grant.
@dataclass(frozen=True)
class _Code:
    code_challenge: str | None


@dataclass(frozen=True)
class _CodeRequest:
    form: dict[str, str]
    auth_method: str
    authorization_code: _Code


@dataclass(frozen=True)
class _CodeGrant:
    request: _CodeRequest
