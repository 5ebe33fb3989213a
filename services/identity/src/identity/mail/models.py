"""The table of the addresses that the mail server refused."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class RefusedAddress(Model):
    """An address whose newest mail the mail server refused for good."""

    __tablename__ = "refused_addresses"

    # SHA-256 of `Address.key`, in hex: who asks for it knows the address.
    address_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    # The codes alone, such as `550 5.1.1`.
    reply: Mapped[str] = mapped_column(String(16))
    refused_at: Mapped[datetime] = mapped_column(index=True)
