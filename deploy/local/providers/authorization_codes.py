"""Authorization codes: bound to a client and a redirect URI, single use, with PKCE if requested."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from .people import Person


@dataclass(frozen=True)
class Grant:
    """The authorization request and the person behind a code."""

    person: Person
    client_id: str
    redirect_uri: str
    nonce: str | None
    code_challenge: str | None


class AuthorizationCodes:
    """The codes that a provider has issued."""

    def __init__(self) -> None:
        self._grants: dict[str, Grant] = {}

    def issue(self, person: Person, args: "MultiDict[str, str]") -> str:
        """Return a code for the authorization request in `args`."""
        code = secrets.token_urlsafe(32)
        self._grants[code] = Grant(
            person, args["client_id"], args["redirect_uri"], args.get("nonce"), args.get("code_challenge")
        )
        return code

    def redeem(self, form: "MultiDict[str, str]") -> Grant | None:
        """Return the grant of a code, once; None if the code, redirect URI or PKCE verifier is wrong."""
        grant = self._grants.pop(form.get("code", ""), None)
        if grant is None or form.get("redirect_uri") != grant.redirect_uri:
            return None
        if grant.code_challenge and _s256(form.get("code_verifier", "")) != grant.code_challenge:
            return None
        return grant


def redirect_uri_on_this_machine(args: "MultiDict[str, str]") -> str:
    """Return the request's redirect URI; raises `BadRequest` if it is not on this machine."""
    uri = args.get("redirect_uri", "")
    if urlsplit(uri).hostname not in ("localhost", "127.0.0.1"):
        raise BadRequest("redirect_uri_mismatch: a simulated provider sends people to this machine only")
    return uri


def _s256(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
