"""To whom a token is bound: a DPoP key (RFC 9449 §6), a client certificate (RFC 8705 §3), or nobody."""

from collections.abc import Mapping
from dataclasses import dataclass

from authlib.oauth2.rfc6749 import InvalidGrantError

from identity.oidc.sender_constraint.dpop import DpopRefusedError


@dataclass(frozen=True)
class Binding:
    """Whose proof a token's bearer has to bring. At most one of them is set."""

    # RFC 7638 thumbprint of a DPoP key.
    jkt: str | None = None
    # SHA-256 of a certificate.
    certificate: str | None = None

    @property
    def token_type(self) -> str:
        """Return what the token response calls its token (RFC 9449 §5)."""
        return token_type(self.confirmation or {})

    @property
    def confirmation(self) -> dict[str, str] | None:
        """Return the claim `cnf` (RFC 7800)."""
        if self.jkt:
            return {"jkt": self.jkt}
        return {"x5t#S256": self.certificate} if self.certificate else None

    def check_code(self, code_jkt: str | None) -> None:
        """Raise unless a code, or a public client's refresh token, bound to this key may be used."""
        if code_jkt is not None and self.jkt is None:
            raise DpopRefusedError("A DPoP proof with the key of the authorization request is needed.")
        if code_jkt is not None and self.jkt != code_jkt:
            raise InvalidGrantError("The DPoP proof is of another key than the one this is bound to.")


UNBOUND = Binding()


def confirmation_in(content: Mapping[str, object]) -> dict[str, str]:
    """Return the `cnf` of a token of ours; empty for one that is bound to nobody."""
    confirmation = content.get("cnf")
    return {str(k): str(v) for k, v in confirmation.items()} if isinstance(confirmation, Mapping) else {}


def token_type(confirmation: Mapping[str, str]) -> str:
    """Return what a token with this `cnf` is called: DPoP (RFC 9449 §5, §6.2) or, as any other, Bearer."""
    return "DPoP" if "jkt" in confirmation else "Bearer"
