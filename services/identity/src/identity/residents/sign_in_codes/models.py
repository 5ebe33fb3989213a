"""A mailed code that completes a sign-in, as stored."""

from datetime import datetime

from sqlalchemy import Boolean, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class SignInCode(Model):
    """The newest code for one browser and address.

    A wrong password leaves a row too, which no browser can name.
    """

    __tablename__ = "sign_in_codes"

    # SHA-256 of the browser's secret and the address.
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    # Keyed digest of the code.
    code_digest: Mapped[str] = mapped_column(String(64))
    # SHA-256 of the password's stored hash; empty: the password was wrong, and the code is never mailed.
    password_digest: Mapped[str] = mapped_column(String(64))
    remember_me: Mapped[bool] = mapped_column(Boolean)
    attempts_left: Mapped[int] = mapped_column(Integer)
    expires_at: Mapped[datetime] = mapped_column(index=True)
