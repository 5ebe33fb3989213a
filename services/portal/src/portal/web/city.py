"""How the city looks: its name, logo, colours, languages, help line. Asked of identity, kept for a minute."""

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from portal.clock import Clock
from portal.errors import Refused
from portal.identity_client.client import IdentityClient

KEPT = timedelta(seconds=60)
# While identity is away the old looks serve, and identity is asked again only after this.
ASKED_AGAIN = timedelta(seconds=10)
COLOR = re.compile(r"#[0-9a-fA-F]{6}")
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class City:
    """What pages show of a city. Empty where nothing is known."""

    name: str = ""
    website: str = ""
    support_phone: str = ""
    support_name: str = ""
    primary_color: str = "#1a4480"
    accent_color: str = "#005ea2"
    languages: Sequence[str] = ("en", "es")
    notice: str = ""
    time_zone: str = ""
    logo: bytes = b""


class CityLooks:
    """The portal's one city; never fails, at worst it is plain or somewhat old."""

    def __init__(self, identity: IdentityClient, city_id: str, clock: Clock) -> None:
        self._identity, self._city_id, self._clock = identity, city_id, clock
        self._lock = threading.Lock()
        self._city = City()
        self._ask_after: datetime | None = None

    def city(self) -> City:
        """Return the city as known now."""
        now = self._clock.now()
        if self._ask_after and now < self._ask_after:
            return self._city
        # One request asks; the others do not wait for it, except the very first.
        if not self._lock.acquire(blocking=self._ask_after is None):
            return self._city
        try:
            if self._ask_after is None or now >= self._ask_after:
                self._refresh(now)
        finally:
            self._lock.release()
        return self._city

    def _refresh(self, now: datetime) -> None:
        try:
            self._city = _parse(self._identity.city(self._city_id), self._logo())
            self._ask_after = now + KEPT
        except Refused as refused:
            log.warning("city_unavailable", city=self._city_id, detail=refused.detail)
            self._ask_after = now + ASKED_AGAIN

    def _logo(self) -> bytes:
        try:
            return self._identity.city_logo(self._city_id)
        except Refused:
            return self._city.logo


def _parse(facts: Mapping[str, Any], logo: bytes) -> City:
    """Take what is usable; a field of another kind counts as absent."""
    plain = City()

    def text(name: str) -> str:
        value = facts.get(name)
        return value if isinstance(value, str) else ""

    def color(name: str, otherwise: str) -> str:
        return text(name) if COLOR.fullmatch(text(name)) else otherwise

    website = text("website")
    languages = facts.get("languages")
    return City(
        name=text("name"),
        website=website if website.startswith(("https://", "http://")) else "",
        support_phone=text("support_phone"),
        support_name=text("support_name"),
        primary_color=color("primary_color", plain.primary_color),
        accent_color=color("accent_color", plain.accent_color),
        languages=[each for each in languages if isinstance(each, str)]
        if isinstance(languages, list)
        else plain.languages,
        notice=text("notice"),
        time_zone=text("time_zone"),
        logo=logo,
    )
