"""Interactions and grants, as stored."""

from datetime import datetime

from sqlalchemy import JSON, Boolean, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Base


class Interaction(Base):
    """An authorization request that waits for its resident: to sign in, sign up, choose or agree."""

    __tablename__ = "interactions"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64), ForeignKey("clients.id", ondelete="CASCADE"))
    # SHA-256 of the secret in the browser's cookie; empty until the first browser comes back (a cross-site
    # POST brings no cookies).
    browser_digest: Mapped[str] = mapped_column(String(64))
    # The parameters as the client sent them: decided upon again after every step.
    parameters: Mapped[dict[str, list[str]]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    # The account the resident chose, and the one that agreed, as session ids.
    chosen_session_id: Mapped[str | None] = mapped_column(String(32))
    consented_session_id: Mapped[str | None] = mapped_column(String(32))


class Grant(Base):
    """What a resident allowed a client, from the code that hands it over to the end of its last token.

    One row for each authorization: a grant belongs to one browser's sign-in at one client, so that a second
    device never ends the first one's tokens. Code and refresh family are columns, not tables: each lives and
    dies with the grant, and every step of the protocol stays one statement.
    """

    __tablename__ = "grants"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64), ForeignKey("clients.id", ondelete="CASCADE"))
    resident_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("residents.id", ondelete="CASCADE"), index=True
    )
    # Whose end ends it, unless `offline`. No foreign key: a grant may outlive its session's row.
    session_id: Mapped[str] = mapped_column(String(32), index=True)
    # Separated by blanks, as in RFC 6749 §3.3.
    scope: Mapped[str] = mapped_column(Text)
    # Resource indicators (RFC 8707) beside userinfo.
    resources: Mapped[list[str]] = mapped_column(JSON)
    # Claims asked for by name (OpenID Connect Core §5.5), separated by blanks: at userinfo, in ID tokens.
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
    # When it ends at the latest; nothing of it is honoured afterwards.
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]
    # Why, for operators: a value of `oidc.grants.revocation.Cause`.
    revoked_for: Mapped[str | None] = mapped_column(String(32))

    # The code, as its SHA-256 (256 random bits).
    code_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    code_expires_at: Mapped[datetime | None]
    code_spent_at: Mapped[datetime | None]
    redirect_uri: Mapped[str | None] = mapped_column(Text)
    # RFC 7636, method S256; empty where a confidential client is registered without PKCE and sent none.
    code_challenge: Mapped[str | None] = mapped_column(String(43))
    # The DPoP key that the next step has to prove (RFC 9449 §5, §10): with the code the one that the client
    # named when it asked, with a public client's refresh tokens the one that redeemed the code.
    dpop_jkt: Mapped[str | None] = mapped_column(String(43))

    # The refresh family: which generation of its token is current. None: the grant has no refresh token.
    refresh_generation: Mapped[int | None] = mapped_column(Integer)
    # Goes into the family's tokens, so that our key alone cannot make one.
    refresh_seed: Mapped[str | None] = mapped_column(String(32))
    # When the current generation was made: its predecessor is honoured for a moment longer.
    refreshed_at: Mapped[datetime | None]
