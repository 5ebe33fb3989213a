"""The city's name, logo, colours, languages and help line, as identity publishes them."""

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from portal.clock import Clock
from portal.errors import IdentityError
from portal.identity_client.client import IdentityClient

LIFETIME = timedelta(seconds=60)
# How long after identity could not be asked it is asked again, by the next page.
RETRY_AFTER = timedelta(seconds=1)
# How long the page that asks waits for the answer; the others never wait.
PATIENCE_SECONDS = 0.5
NEVER = datetime.min.replace(tzinfo=UTC)
COLOR = re.compile(r"#[0-9a-fA-F]{6}")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class City:
    """What pages show of a city; empty text where identity says nothing. `languages` are BCP 47."""

    name: str = ""
    website: str = ""
    support_phone: str = ""
    support_name: str = ""
    primary_color: str = "#1a4480"
    accent_color: str = "#005ea2"
    languages: Sequence[str] = ("en", "es")
    notice: str = ""
    time_zone: str = ""
    # SVG.
    logo: bytes = b""


class CityCache:
    """The portal's one city, read from identity in the background, once a minute.

    While identity is away the older copy serves, or before the first answer `known`: what the portal's own
    settings say of the city.
    """

    def __init__(self, identity: IdentityClient, city_id: str, known: City, clock: Clock) -> None:
        self._identity, self._city_id, self._known, self._clock = identity, city_id, known, clock
        self._lock = threading.Lock()
        self._reading: threading.Thread | None = None
        self._city, self._stale_at = known, NEVER

    @property
    def was_read(self) -> bool:
        """Whether identity has ever answered."""
        return self._city is not self._known

    def current(self) -> City:
        """Return the city as last read. A page that finds it stale waits a moment for a newer one."""
        if reading := self._begin_reading():
            reading.join(PATIENCE_SECONDS)
        return self._city

    def expire(self) -> None:
        """Forget the city, as before the first request."""
        with self._lock:
            self._reading = None
            self._city, self._stale_at = self._known, NEVER

    def _begin_reading(self) -> threading.Thread | None:
        """Start a thread that reads the city if the copy is stale and no other thread reads already."""
        with self._lock:
            if self._reading or self._clock.now() < self._stale_at:
                return None
            self._reading = threading.Thread(target=self._read, name="city", daemon=True)
            self._reading.start()
            return self._reading

    def _read(self) -> None:
        city, lifetime = self._city, RETRY_AFTER
        try:
            city, lifetime = self._fetch(), LIFETIME
        except IdentityError as error:
            log.warning("city_unavailable", city=self._city_id, detail=error.detail)
        finally:
            with self._lock:
                if self._reading is threading.current_thread():  # not expired meanwhile
                    self._reading = None
                    self._city, self._stale_at = city, self._clock.now() + lifetime

    def _fetch(self) -> City:
        facts = self._identity.fetch_city(self._city_id)
        try:
            logo = self._identity.fetch_city_logo(self._city_id)
        except IdentityError:
            logo = self._city.logo
        return _parse(facts, logo, self._known)


def _parse(facts: Mapping[str, object], logo: bytes, known: City) -> City:
    """Read what identity sent; a field of another type counts as absent, and what is known serves."""

    def text(name: str) -> str:
        value = facts.get(name)
        return value.strip() if isinstance(value, str) else ""

    def color(name: str, otherwise: str) -> str:
        return text(name) if COLOR.fullmatch(text(name)) else otherwise

    website = text("website")
    languages = facts.get("languages")
    return City(
        name=text("name") or known.name,
        website=website if website.startswith(("https://", "http://")) else "",
        support_phone=text("support_phone") or known.support_phone,
        support_name=text("support_name") or known.support_name,
        primary_color=color("primary_color", known.primary_color),
        accent_color=color("accent_color", known.accent_color),
        languages=[each for each in languages if isinstance(each, str)]
        if isinstance(languages, list)
        else known.languages,
        notice=text("notice"),
        time_zone=text("time_zone"),
        logo=logo,
    )
