"""The service's settings, read from environment variables that start with `IDENTITY_`.

What is secret is so by its type (`SecretStr`, `Secret`): shown as stars, read by `get_secret_value()`.
"""

import re
from functools import cached_property
from typing import Annotated, Literal, Self, TypeVar
from urllib.parse import urlsplit

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

from identity.errors import SettingsError
from identity.trusted_authorities import TrustedAuthorities

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


# It may hold a password.
DatabaseUrl = Annotated[SecretStr, AfterValidator(_known_database)]
CaFile = Annotated[str, AfterValidator(_known_authorities)]
# Newest first.
SecretKeyList = Annotated[
    Secret[list[str]], NoDecode, BeforeValidator(_keys_between_commas), AfterValidator(_long_enough)
]


class Settings(BaseSettings):
    """Everything an operator can set. Field `x` is read from `IDENTITY_X`."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_", extra="ignore")

    issuer: str = Field(description="the public address of this service, such as https://id.example.gov")
    database_url: DatabaseUrl = Field(
        description="postgresql+psycopg://user@host/name, or sqlite:////path/file.db"
    )
    ca_file: CaFile = Field(
        default="", description="a PEM file of certificate authorities that are trusted beside the system's"
    )
    secret_keys: SecretKeyList = Field(
        description="comma-separated keys of 32 characters or more; the first is current"
    )
    bind: str = Field(default="127.0.0.1:8000", description="host:port to listen on")
    web_processes: int = Field(default=1, ge=1, description="web server processes")
    trusted_proxies: int = Field(default=0, ge=0, description="reverse proxies in front of this service")
    client_certificate_header: str = Field(
        default="",
        description="the header in which the proxy hands on client certificates, such as Client-Cert;"
        " needs IDENTITY_TRUSTED_PROXIES",
    )
    client_certificate_authorities: str = Field(
        default="", description="a file of PEM certificates: whose client certificates tls_client_auth takes"
    )

    outbound_proxy: SecretStr = Field(
        default=SecretStr(""),
        description="the proxy that requests to the public network go through, such as"
        " http://proxy.example.gov:3128",
    )

    smtp_url: SecretStr = Field(
        default=SecretStr("smtp://127.0.0.1:1025"), description="smtp://, smtp+starttls:// or smtps://"
    )
    mail_sender: str = Field(
        default="Community Access ID <no-reply@localhost>", description="the From address"
    )

    password_min_length: int = Field(default=15, ge=8, le=128, description="characters (NIST SP 800-63B-4)")
    password_hashing: Literal["argon2id", "pbkdf2"] = Field(
        default="argon2id", description="pbkdf2 where FIPS 140 is asked for"
    )

    sign_ins_per_minute: int = Field(
        default=20, ge=1, description="sign-ins tried by one network in a minute"
    )
    sign_ups_per_hour: int = Field(default=20, ge=1, description="registrations by one network in an hour")
    mails_per_hour: int = Field(
        default=20, ge=1, description="recovery mails asked for by one network in an hour"
    )

    @field_validator("issuer")
    @classmethod
    def _no_trailing_slash(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("give an address that starts with https:// (http:// only on this machine)")
        return _servable(value.rstrip("/"))

    @property
    def path(self) -> str:
        """The path below which this service is served, such as `/id`; empty for a host of its own."""
        return urlsplit(self.issuer).path

    @field_validator("outbound_proxy")
    @classmethod
    def _plain_proxy(cls, value: SecretStr) -> SecretStr:
        try:
            proxy = urlsplit(value.get_secret_value())
            is_usable = proxy.scheme == "http" and proxy.hostname and proxy.port and not proxy.path.strip("/")
        except ValueError:
            is_usable = False
        if value.get_secret_value() and not is_usable:
            raise ValueError("give http://, a host and a port")
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
    def served_over_https(self) -> bool:
        """Whether residents reach this service over https; cookies are Secure exactly then."""
        return self.issuer.startswith("https://")


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
