"""Grants, as stored."""

from datetime import datetime

from sqlalchemy import JSON, Boolean, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class Grant(Model):
    """What a resident allowed a client, from the code to the end of the last token. Holds personal data.

    One row for each authorization: a grant belongs to one browser's sign-in at one client, so that a second
    device never ends the first one's tokens. Code and refresh family are columns, not tables: they end with
    the grant, and every step of the protocol stays one statement.
    """

    __tablename__ = "grants"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64), ForeignKey("clients.id", ondelete="CASCADE"))
    resident_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("residents.id", ondelete="CASCADE"), index=True
    )
    # The session whose end ends the grant, unless `offline`. No foreign key: a grant may outlive that row.
    session_id: Mapped[str] = mapped_column(String(32), index=True)
    # Separated by blanks, as in RFC 6749 §3.3.
    scope: Mapped[str] = mapped_column(Text)
    # Resource indicators (RFC 8707) beside userinfo.
    resources: Mapped[list[str]] = mapped_column(JSON)
    # Claims requested by name (OpenID Connect Core §5.5), separated by blanks: at userinfo, in ID tokens.
    userinfo_claims: Mapped[str] = mapped_column(Text, default="")
    id_token_claims: Mapped[str] = mapped_column(Text, default="")
    # `offline_access` was granted: survives the session (OpenID Connect Core §11).
    offline: Mapped[bool] = mapped_column(Boolean)
    nonce: Mapped[str | None] = mapped_column(Text)
    authenticated_at: Mapped[datetime]
    acr: Mapped[str] = mapped_column(String(64))
    # RFC 8176 values, separated by blanks.
    amr: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    # The end of its last token at the latest.
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]
    # The reason, for operators: a value of `oidc.grants.revocation.Cause`.
    revoked_for: Mapped[str | None] = mapped_column(String(32))

    # SHA-256 of the code (256 random bits).
    code_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    code_expires_at: Mapped[datetime | None]
    code_spent_at: Mapped[datetime | None]
    redirect_uri: Mapped[str | None] = mapped_column(Text)
    # RFC 7636, method S256; None where a confidential client is registered without PKCE and sent none.
    code_challenge: Mapped[str | None] = mapped_column(String(43))
    # Thumbprint of the DPoP key that may redeem the grant (RFC 9449 §5, §10): for the code the one that the
    # authorization request named, for a public client's refresh tokens the one that redeemed the code.
    dpop_jkt: Mapped[str | None] = mapped_column(String(43))

    # The refresh family: the generation of its current token. None: the grant has no refresh token.
    refresh_generation: Mapped[int | None] = mapped_column(Integer)
    # A secret in the family's tokens, so that the server's key alone cannot make one.
    refresh_seed: Mapped[str | None] = mapped_column(String(32))
    # When the current generation was made: its predecessor works for 30 seconds longer.
    refreshed_at: Mapped[datetime | None]
