"""Request counters, as stored."""

from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class RequestCount(Model):
    """The requests of one network or address in the current window."""

    __tablename__ = "request_counts"

    # A value of `rate_limits.limiter.Action`.
    action: Mapped[str] = mapped_column(String(32), primary_key=True)
    # Keyed digest of a network or an address.
    asker: Mapped[str] = mapped_column(String(64), primary_key=True)
    requests: Mapped[int] = mapped_column(Integer)
    # When the window ends and counting starts anew.
    expires_at: Mapped[datetime] = mapped_column(index=True)


class MailAllowance(Model):
    """What may be mailed to one address at the request of strangers (`mail_budget`)."""

    __tablename__ = "mail_allowances"

    # Keyed digest of the address's compared form: also of addresses without an account.
    address: Mapped[str] = mapped_column(String(64), primary_key=True)
    # Mails in a row with less than a day between one and the next.
    mails: Mapped[int] = mapped_column(Integer)
    # When counting starts anew.
    expires_at: Mapped[datetime] = mapped_column(index=True)
    # By topic: until then the newest mail serves, and a network that has asked before gets no other.
    recovery_until: Mapped[datetime | None]
    unlock_until: Mapped[datetime | None]
    verification_until: Mapped[datetime | None]
    notice_until: Mapped[datetime | None]
    # Until then its owner wants no mail that a stranger asks for.
    stopped_until: Mapped[datetime | None]
