"""The service's settings, read from environment variables that start with `BILLING_LINK_`.

What is secret is so by its type (`SecretStr`): shown as stars, read by `get_secret_value()`.
"""

import re
from functools import cached_property
from typing import Annotated, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from billing_link.errors import SettingsError
from billing_link.trusted_authorities import TrustedAuthorities

# RFC 3986 §2.3: what everything on the way writes alike. A segment that begins with a dot would be resolved.
_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


def _known_database(value: SecretStr) -> SecretStr:
    url = value.get_secret_value()
    if not url.startswith(("postgresql://", "postgresql+psycopg://", "sqlite://")):
        raise ValueError("give a PostgreSQL or SQLite address")
    return SecretStr(url.replace("postgresql://", "postgresql+psycopg://", 1))


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


class DatabaseSettings(BaseSettings):
    """What every command that touches the database needs. Field `x` is read from `BILLING_LINK_X`."""

    model_config = SettingsConfigDict(env_prefix="BILLING_LINK_", extra="ignore")

    database_url: DatabaseUrl = Field(
        description="postgresql+psycopg://user@host/name, or sqlite:////path/file.db"
    )
    ca_file: CaFile = Field(
        default="", description="a PEM file of certificate authorities that are trusted beside the system's"
    )

    @model_validator(mode="after")
    def _database_with_authorities(self) -> Self:
        url = self.database_url.get_secret_value()
        self.database_url = SecretStr(TrustedAuthorities(self.ca_file).for_database(url))
        return self

    @cached_property
    def authorities(self) -> TrustedAuthorities:
        """Whose certificates this service trusts where it connects to another server."""
        return TrustedAuthorities(self.ca_file)


class BindSettings(BaseSettings):
    """Where the server listens."""

    model_config = SettingsConfigDict(env_prefix="BILLING_LINK_", extra="ignore")

    bind: str = Field(default="127.0.0.1:50051", description="host:port to listen on")
    tls_certificate: str = Field(
        default="", description="PEM file of the server's certificate chain; empty: no TLS"
    )
    tls_key: str = Field(default="", description="PEM file of the certificate's private key")

    @field_validator("bind")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - the last TCP port
            raise ValueError("give host:port, such as 127.0.0.1:50051")
        return value

    @model_validator(mode="after")
    def _certificate_and_key(self) -> "BindSettings":
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError(
                "BILLING_LINK_TLS_CERTIFICATE and BILLING_LINK_TLS_KEY are given together or not at all"
            )
        return self


class ServerSettings(DatabaseSettings, BindSettings):
    """Everything the server needs."""

    issuer: str = Field(description="the address of identity, such as https://id.example.gov")
    audience: str = Field(
        default="urn:community-access:billing-link", description="the audience that a token must name"
    )
    resource_secret: SecretStr = Field(
        description="the secret for identity's POST /notices (`identity resources`)"
    )
    reflection: bool = Field(default=False, description="gRPC reflection, for development")
    threads: int = Field(default=16, ge=2, le=128, description="calls that are worked on at the same time")

    @field_validator("issuer")
    @classmethod
    def _safe_issuer(cls, value: str) -> str:
        address = urlsplit(value)
        here = address.hostname in _THIS_MACHINE or (address.hostname or "").endswith(".localhost")
        if not (address.scheme == "https" or (address.scheme == "http" and here)) or not address.hostname:
            raise ValueError("give an address that starts with https:// (http:// only on this machine)")
        return _servable(value.rstrip("/"))


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
