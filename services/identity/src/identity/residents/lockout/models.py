"""Failure counters, as stored."""

from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class FailureCount(Model):
    """Failures for one address from one origin, or from one class of origins."""

    __tablename__ = "sign_in_failures"

    # Keyed digest of the address's compared form: also of addresses without an account.
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    # `network:…`, `device:…`, or a value of `rules.OriginClass`.
    origin: Mapped[str] = mapped_column(String(80), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    last_failed_at: Mapped[datetime] = mapped_column(index=True)
    # Until then a password alone does not sign in from this origin, and failures do not count.
    blocked_until: Mapped[datetime | None]
    # Of a network: when the resident last signed in from it.
    used_at: Mapped[datetime | None]
    # Of a class: the day (`rules.day_of`) on which `failures` was true; it goes down by one each day.
    counted_on: Mapped[int | None] = mapped_column(Integer)
    # Of a class: when the resident was last told that it is stopped.
    told_at: Mapped[datetime | None]
    # Which key made `subject` (`SecretKeys.newest_id`); None: a row of an earlier release.
    key_id: Mapped[str | None] = mapped_column(String(8))
