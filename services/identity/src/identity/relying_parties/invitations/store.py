"""The tables of invitations and of the clients that registered themselves."""

from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, delete, insert, select, update

from identity.relying_parties.invitations import models
from identity.relying_parties.invitations.invitation import Invitation, SelfRegistration
from identity.relying_parties.models import Client
from identity.storage import Executor, table_of

INVITATION = table_of(models.Invitation)
SELF = table_of(models.SelfRegistration)
CLIENT = table_of(Client)
# Sorted lists in the database, sets elsewhere.
_SETS = ("redirect_hosts", "scopes", "grant_types")


class Invitations:
    """The invitations."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def add_invitation(self, invitation: Invitation, token_digest: str) -> None:
        """Add an invitation with the digest of its token."""
        fields = vars(invitation) | {name: sorted(getattr(invitation, name)) for name in _SETS}
        self._executor.execute(insert(INVITATION).values(**fields, token_digest=token_digest))

    def claim_invitation(self, token_digest: str, now: datetime) -> Invitation | None:
        """Claim one registration of the open invitation with this token, atomically; or return None."""
        statement = (
            update(INVITATION)
            .where(*_is_open(now), INVITATION.c.token_digest == token_digest)
            .values(registrations_left=INVITATION.c.registrations_left - 1)
            .returning(INVITATION)
        )
        row = self._executor.execute(statement).mappings().one_or_none()
        return _invitation(row) if row else None

    def find_open_invitation(self, token_digest: str, now: datetime) -> Invitation | None:
        """Return the open invitation with this token, claiming nothing; or None."""
        statement = select(INVITATION).where(*_is_open(now), INVITATION.c.token_digest == token_digest)
        row = self._executor.execute(statement).mappings().one_or_none()
        return _invitation(row) if row else None

    def list_invitations(self) -> list[Invitation]:
        """Return all invitations, the oldest first."""
        statement = select(INVITATION).order_by(INVITATION.c.created_at, INVITATION.c.id)
        return [_invitation(row) for row in self._executor.execute(statement).mappings()]

    def revoke_invitation(self, invitation_id: str, now: datetime) -> bool:
        """Revoke the invitation; True if it was still open."""
        statement = (
            update(INVITATION)
            .where(*_is_open(now), INVITATION.c.id == invitation_id)
            .values(revoked_at=now)
            .returning(INVITATION.c.id)
        )
        return self._executor.execute(statement).one_or_none() is not None


class SelfRegistrations:
    """The registrations that clients manage themselves (RFC 7592)."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def add_self_registration(
        self, client_id: str, invitation_id: str, token_digest: str, now: datetime
    ) -> None:
        """Add a client that registered itself."""
        self._executor.execute(
            insert(SELF).values(
                client_id=client_id,
                invitation_id=invitation_id,
                token_digest=token_digest,
                registered_at=now,
            )
        )

    def find_self_registration(self, client_id: str) -> SelfRegistration | None:
        """Return the client's registration; None if it did not register itself or is disabled."""
        statement = (
            select(INVITATION, SELF.c.registered_at, SELF.c.token_digest.label("own_digest"))
            .join_from(SELF, INVITATION, INVITATION.c.id == SELF.c.invitation_id)
            .join(CLIENT, CLIENT.c.id == SELF.c.client_id)
            .where(SELF.c.client_id == client_id, CLIENT.c.disabled_at.is_(None))
        )
        row = self._executor.execute(statement).mappings().one_or_none()
        if row is None:
            return None
        return SelfRegistration(client_id, row["own_digest"], row["registered_at"], _invitation(row))

    def replace_token(self, known: SelfRegistration, token_digest: str) -> bool:
        """Replace the client's token; of several calls with the same current token, one returns True."""
        statement = (
            update(SELF)
            .where(SELF.c.client_id == known.client_id, SELF.c.token_digest == known.token_digest)
            .values(token_digest=token_digest)
            .returning(SELF.c.client_id)
        )
        return self._executor.execute(statement).one_or_none() is not None

    def remove_self_registration(self, known: SelfRegistration) -> bool:
        """Delete the registration and its token; False if its token was replaced or it is gone."""
        statement = (
            delete(SELF)
            .where(SELF.c.client_id == known.client_id, SELF.c.token_digest == known.token_digest)
            .returning(SELF.c.client_id)
        )
        return self._executor.execute(statement).one_or_none() is not None


def _is_open(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        INVITATION.c.registrations_left > 0,
        INVITATION.c.expires_at > now,
        INVITATION.c.revoked_at.is_(None),
    )


def _invitation(row: RowMapping) -> Invitation:
    sets = {name: frozenset(row[name]) for name in _SETS}
    return Invitation(
        id=row["id"],
        city_id=row["city_id"],
        pkce_required=row["pkce_required"],
        registrations_left=row["registrations_left"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        **sets,
    )
