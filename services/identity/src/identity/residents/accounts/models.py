"""A resident, as stored."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class SignInMethod(StrEnum):
    """How a resident signs in: exactly one, chosen when the Community Access ID is created, for good.

    Or the key of another OpenID provider that the deployment names.
    """

    PASSWORD = "password"  # noqa: S105 - the method's name
    GOOGLE = "google"
    APPLE = "apple"
    MICROSOFT = "microsoft"
    FACEBOOK = "facebook"


class Resident(Model):
    """A person with a Community Access ID. Holds personal data."""

    __tablename__ = "residents"

    # The `sub` that city websites see: opaque, stable, never used for another person.
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    # As typed, for display and mail. Absent where a provider gives none and the resident has proved none.
    email: Mapped[str | None] = mapped_column(String(254))
    # In the form in which addresses are compared; one resident per address.
    email_key: Mapped[str | None] = mapped_column(String(254), unique=True)
    email_verified_at: Mapped[datetime | None]
    # A value of `SignInMethod`, or the key of another provider.
    sign_in_method: Mapped[str] = mapped_column(String(64))
    given_name: Mapped[str] = mapped_column(String(100))
    family_name: Mapped[str] = mapped_column(String(100))
    # BCP 47, of the mails.
    language: Mapped[str] = mapped_column(String(16))
    # Where the resident registered: whose name and colours the mails bear.
    city_id: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    # The devices that signed in with a lower number are as strangers' (`identity.web.devices`).
    device_generation: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
