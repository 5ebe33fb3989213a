"""The UserInfo endpoint (OpenID Connect Core §5.3), a resource like any other: bearer tokens by RFC 6750."""

from identity.clock import Clock
from identity.oidc import claims
from identity.oidc.answers import Answer, json_answer
from identity.oidc.store import GrantFacts, Grants
from identity.oidc.tokens import AccessTokenClaims, TokenRefusedError, Tokens
from identity.relying_parties.directory import Directory
from identity.storage import Storage

_REALM = 'Bearer realm="userinfo"'


class UserInfo:
    """Answers who a resident is to whoever holds an access token for this issuer."""

    def __init__(self, storage: Storage, clock: Clock, directory: Directory, tokens: Tokens) -> None:
        self._storage, self._clock, self._directory, self._tokens = storage, clock, directory, tokens

    def respond(self, authorization_header: str | None, body_token: str | None) -> Answer:
        """Return the claims, or the error of RFC 6750 §3.1; the token came in the header or in a form."""
        scheme, _, header_token = (authorization_header or "").partition(" ")
        is_bearer = scheme.lower() == "bearer"
        if is_bearer and body_token:
            return _refused(400, "invalid_request", "Send the token once.")
        token = header_token.strip() if is_bearer else body_token
        if not token:
            # RFC 6750 §3.1: a request without a token is told no error code.
            return json_answer(401, {"error": "missing_token"}, ("WWW-Authenticate", _REALM))
        try:
            presented = self._tokens.read_access_token(token)
        except TokenRefusedError:
            return _refused(401, "invalid_token", "The access token is not valid here, or is over.")
        return self._respond_to(presented)

    def _respond_to(self, presented: AccessTokenClaims) -> Answer:
        now = self._clock.now()
        with self._storage.autocommit() as connection:
            facts = Grants(connection).by_id(presented.grant_id, now)
        if facts is None or not self._stands(facts, presented):
            return _refused(401, "invalid_token", "The access token was revoked.")
        if "openid" not in presented.scope:
            return _refused(403, "insufficient_scope", "The scope openid is needed.", 'scope="openid"')
        return json_answer(200, claims.at_userinfo(facts, presented.scope))

    def _stands(self, facts: GrantFacts, presented: AccessTokenClaims) -> bool:
        is_same = (facts.resident_id, facts.client_id) == (presented.subject, presented.client_id)
        is_alive = facts.revoked_at is None and facts.stands
        return is_same and is_alive and self._directory.client(facts.client_id) is not None


def _refused(status: int, error: str, description: str, *attributes: str) -> Answer:
    challenge = ", ".join((_REALM, f'error="{error}"', f'error_description="{description}"', *attributes))
    content = {"error": error, "error_description": description}
    return json_answer(status, content, ("WWW-Authenticate", challenge))
