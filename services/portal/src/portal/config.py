"""The service's settings, read from environment variables that start with `PORTAL_`.

What is secret is so by its type (`SecretStr`, `Secret`): shown as stars, read by `get_secret_value()`.
"""

import re
from functools import cached_property
from typing import Annotated, Self, TypeVar
from urllib.parse import urlsplit

from babel.dates import get_timezone
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    Secret,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from portal.errors import SettingsError
from portal.trusted_authorities import TrustedAuthorities, read_certificates

# What the portal asks identity for: who the resident is, and to read and link their utility accounts.
SCOPE = "openid profile email offline_access billing.read billing.link"

SHORTEST_KEY = 32
# RFC 3986 §2.3: what everything on the way writes alike. A segment that begins with a dot would be resolved.
_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")


def _known_database(value: SecretStr) -> SecretStr:
    url = value.get_secret_value()
    if not url.startswith(("postgresql://", "postgresql+psycopg://", "sqlite://")):
        raise ValueError("give a PostgreSQL or SQLite address")
    return SecretStr(url.replace("postgresql://", "postgresql+psycopg://", 1))


def _keys_between_commas(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _long_enough(value: Secret[list[str]]) -> Secret[list[str]]:
    keys = value.get_secret_value()
    if not keys or any(len(key) < SHORTEST_KEY for key in keys):
        raise ValueError(f"give one or more keys of at least {SHORTEST_KEY} characters, separated by commas")
    return value


def _servable(address: str) -> str:
    if not _PATH.fullmatch(urlsplit(address).path) or "?" in address or "#" in address:
        raise ValueError("give an address without ? and #, and in its path only letters, digits, - . _ and ~")
    return address


def _known_authorities(value: str) -> str:
    TrustedAuthorities(value)
    return value


def _known_certificates(value: str) -> str:
    if value:
        read_certificates(value)
    return value


# It may hold a password.
DatabaseUrl = Annotated[SecretStr, AfterValidator(_known_database)]
CaFile = Annotated[str, AfterValidator(_known_authorities)]
# Newest first.
SecretKeyList = Annotated[
    Secret[list[str]], NoDecode, BeforeValidator(_keys_between_commas), AfterValidator(_long_enough)
]


class Settings(BaseSettings):
    """Everything an operator can set. Field `x` is read from `PORTAL_X`."""

    model_config = SettingsConfigDict(env_prefix="PORTAL_", extra="ignore")

    base_url: str = Field(description="the public address of this portal, such as https://pay.example.gov")
    bind: str = Field(default="127.0.0.1:8080", description="host:port to listen on")
    database_url: DatabaseUrl = Field(
        description="postgresql+psycopg://user@host/name, or sqlite:////path/file.db"
    )
    ca_file: CaFile = Field(
        default="", description="a PEM file of certificate authorities that are trusted beside the system's"
    )
    secret_keys: SecretKeyList = Field(
        description="comma-separated keys of 32 characters or more; the first is current"
    )
    web_processes: int = Field(default=1, ge=1, description="web server processes")
    trusted_proxies: int = Field(default=0, ge=0, description="reverse proxies in front of this service")

    issuer: str = Field(description="the address of identity, such as https://id.example.gov")
    client_id: str = Field(description="the portal's client id at identity")
    client_secret: SecretStr = Field(description="the portal's client secret at identity")
    city: str = Field(pattern=r"^[a-z0-9-]{1,64}$", description="the city's id, such as pinellas-park")
    city_name: str = Field(
        default="", max_length=100, description="the city's name, shown until identity answers"
    )
    city_support_phone: str = Field(
        default="",
        pattern=r"^([0-9+(][0-9+() .-]{2,31})?$",
        description="the help line's number, shown until identity answers, such as 727-369-0690",
    )
    city_support_name: str = Field(
        default="", max_length=100, description="who answers there, such as Utility Billing Department"
    )
    time_zone: str = Field(
        default="America/New_York",
        description="the zone times are shown in where the city names none, such as America/Chicago",
    )

    billing_link_target: str = Field(default="127.0.0.1:50051", description="host:port of billing_link")
    billing_link_audience: str = Field(
        default="urn:community-access:billing-link", description="billing_link's resource indicator"
    )
    billing_link_tls: bool = Field(default=False, description="whether billing_link speaks TLS")
    billing_link_tls_ca: Annotated[str, AfterValidator(_known_certificates)] = Field(
        default="", description="a PEM file: what billing_link's certificate is verified with, alone"
    )

    @field_validator("issuer", "base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("give an address that starts with https:// (http:// only on this machine)")
        return _servable(value.rstrip("/"))

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            get_timezone(value)
        except LookupError:
            raise ValueError("give a name of the IANA time zone database") from None
        return value

    @model_validator(mode="after")
    def _database_with_authorities(self) -> Self:
        url = self.database_url.get_secret_value()
        self.database_url = SecretStr(TrustedAuthorities(self.ca_file).for_database(url))
        return self

    @cached_property
    def authorities(self) -> TrustedAuthorities:
        """Whose certificates this service trusts where it connects to another server."""
        return TrustedAuthorities(self.ca_file)

    @property
    def billing_link_tls_authorities(self) -> bytes | None:
        """The authorities for billing_link's certificate, as PEM; None where it speaks plain text."""
        if self.billing_link_tls_ca:
            return read_certificates(self.billing_link_tls_ca).encode()
        return self.authorities.pem if self.billing_link_tls else None

    @property
    def path(self) -> str:
        """The path below which this service is served, such as `/pay`; empty for a host of its own."""
        return urlsplit(self.base_url).path

    @property
    def served_over_https(self) -> bool:
        """Whether residents reach this service over https; cookies are Secure exactly then."""
        return self.base_url.startswith("https://")

    @property
    def redirect_uri(self) -> str:
        """Where identity sends the browser after sign-in, as registered there."""
        return f"{self.base_url}/sign-in/callback"

    @property
    def post_logout_redirect_uri(self) -> str:
        """Where identity sends the browser after sign-out, as registered there."""
        return f"{self.base_url}/"


Kind = TypeVar("Kind", bound=BaseSettings)


def load_settings(kind: type[Kind]) -> Kind:
    """Read settings of one kind; raises `SettingsError` with a line for each variable at fault."""
    try:
        return kind()
    except ValidationError as error:
        raise settings_error(kind, str(kind.model_config.get("env_prefix")), error) from None


def settings_error(kind: type[BaseSettings], prefix: str, error: ValidationError) -> SettingsError:
    """Return an error that names each variable at fault and what it should be, without its value."""
    lines = []
    for fault in error.errors():
        problem = "is not set" if fault["type"] == "missing" else fault["msg"].removeprefix("Value error, ")
        if not fault["loc"]:
            lines.append(problem)
            continue
        name = str(fault["loc"][0])
        expected = kind.model_fields[name].description
        lines.append(f"{prefix}{name.upper()}: {problem}" + (f" (expected: {expected})" if expected else ""))
    return SettingsError("\n".join(lines))
