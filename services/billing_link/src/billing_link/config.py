"""The service's settings, read from environment variables that start with `BILLING_LINK_`.

What is secret is so by its type (`SecretStr`): shown as stars, read by `get_secret_value()`.
"""

import ssl
from functools import cached_property
from typing import Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from billing_link.errors import SettingsError
from billing_link.setting_types import (
    Audience,
    Bind,
    CaFile,
    CertificateFile,
    DatabaseUrl,
    KeyFile,
    ServiceSettings,
    WebAddress,
)
from billing_link.trusted_authorities import TrustedAuthorities


class DatabaseSettings(ServiceSettings):
    """What every command that touches the database needs. Field `x` is read from `BILLING_LINK_X`."""

    model_config = SettingsConfigDict(env_prefix="BILLING_LINK_")

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


class BindSettings(ServiceSettings):
    """Where the server listens."""

    model_config = SettingsConfigDict(env_prefix="BILLING_LINK_")

    bind: Bind = Field(default="127.0.0.1:50051", description="host:port to listen on")
    tls_certificate: CertificateFile = Field(
        default="", description="PEM file of the server's certificate chain; empty: no TLS"
    )
    # Checked by the server alone: a health check need not be able to read it.
    tls_key: str = Field(default="", description="PEM file of the certificate's private key")

    @model_validator(mode="after")
    def _certificate_and_key(self) -> "BindSettings":
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError(
                "BILLING_LINK_TLS_CERTIFICATE and BILLING_LINK_TLS_KEY are given together or not at all"
            )
        return self


class ServerSettings(DatabaseSettings, BindSettings):
    """Everything the server needs."""

    tls_key: KeyFile = Field(default="", description="PEM file of the certificate's private key")
    issuer: WebAddress = Field(description="the address of identity, such as https://id.example.gov")
    audience: Audience = Field(
        default="urn:community-access:billing-link", description="the audience that a token must name"
    )
    resource_secret: SecretStr = Field(
        min_length=1, description="the secret for identity's POST /notices (`identity resources`)"
    )
    reflection: bool = Field(default=False, description="gRPC reflection, for development")
    audit_retention_days: int = Field(
        default=1095, ge=30, le=36_500, description="days after which an event of the audit is deleted"
    )
    threads: int = Field(default=16, ge=2, le=128, description="calls that are worked on at the same time")

    @model_validator(mode="after")
    def _key_of_the_certificate(self) -> "ServerSettings":
        if self.tls_certificate and self.tls_key:
            try:
                # A key with a passphrase would ask for it at the terminal.
                ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
                    self.tls_certificate, self.tls_key, password=""
                )
            except (ssl.SSLError, ValueError):
                raise ValueError(
                    "BILLING_LINK_TLS_KEY: does not fit BILLING_LINK_TLS_CERTIFICATE, or has a passphrase"
                ) from None
        return self


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
