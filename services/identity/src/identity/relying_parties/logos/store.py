"""The table of logos."""

from datetime import datetime

from sqlalchemy import delete, insert, select

from identity.relying_parties.logos.logo import Logo
from identity.relying_parties.logos.models import ClientLogo
from identity.relying_parties.models import Client
from identity.storage import Executor, table_of

LOGO = table_of(ClientLogo)
CLIENT = table_of(Client)


class Logos:
    """The logos of clients."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def find_logo(self, client_id: str) -> Logo | None:
        """Return the logo of a client that is not disabled, or None."""
        statement = (
            select(LOGO.c.uri, LOGO.c.media_type, LOGO.c.content)
            .join_from(LOGO, CLIENT, CLIENT.c.id == LOGO.c.client_id)
            .where(LOGO.c.client_id == client_id, CLIENT.c.disabled_at.is_(None))
        )
        row = self._executor.execute(statement).one_or_none()
        return Logo(row.uri, row.media_type, row.content) if row else None

    def replace_logo(self, client_id: str, logo: Logo | None, now: datetime) -> None:
        """Let this be the client's logo from now on; None: it has none."""
        self._executor.execute(delete(LOGO).where(LOGO.c.client_id == client_id))
        if logo is not None:
            self._executor.execute(insert(LOGO).values(client_id=client_id, fetched_at=now, **vars(logo)))
