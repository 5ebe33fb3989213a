"""Proof Key for Code Exchange (RFC 7636): S256 and nothing else, for everyone not registered without it."""

import re
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7636.challenge import compare_s256_code_challenge

from identity.oidc.protocol.client import ProtocolClient

METHOD = "S256"
# BASE64URL(SHA256(…)), RFC 7636 §4.2.
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class S256CodeChallenge(CodeChallenge):
    """Authlib's extension without what it would accept by default.

    Left alone it asks only public clients, and only at the token endpoint, accepts `plain`, and takes a
    challenge without a method for `plain`.
    """

    SUPPORTED_CODE_CHALLENGE_METHOD = [METHOD]  # noqa: RUF012 - Authlib's attribute
    DEFAULT_CODE_CHALLENGE_METHOD = METHOD
    CODE_CHALLENGE_METHODS = {METHOD: compare_s256_code_challenge}  # noqa: RUF012 - Authlib's attribute

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:  # noqa: ANN401, ARG002 - Authlib's signature
        """Check the authorization request (RFC 7636 §4.4.1)."""
        client: ProtocolClient = grant.request.client
        challenge = grant.request.payload.data.get("code_challenge")
        method = grant.request.payload.data.get("code_challenge_method")
        if challenge is None and method is None and not client.registered.pkce_required:
            return
        if challenge is None:
            raise InvalidRequestError(
                "PKCE is required: send code_challenge with code_challenge_method=S256."
            )
        if method != METHOD:
            raise InvalidRequestError("Only code_challenge_method=S256 is accepted.")
        if not _CHALLENGE.fullmatch(challenge):
            raise InvalidRequestError("The code_challenge is not the S256 of a verifier.")

    def get_authorization_code_challenge_method(self, authorization_code: object) -> str:  # noqa: ARG002 - Authlib's signature
        """Return the one method there is."""
        return METHOD
