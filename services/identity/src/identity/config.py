"""The service's settings, read from environment variables that start with `IDENTITY_`.

What is secret is so by its type (`SecretStr`, `Secret`): shown as stars, read by `get_secret_value()`.
"""

from functools import cached_property
from typing import Annotated, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from identity.errors import SettingsError
from identity.setting_types import (
    Bind,
    CaFile,
    CertificateFile,
    DatabaseUrl,
    HeaderName,
    Mailbox,
    Processes,
    Proxies,
    SecretKeyList,
    ServiceSettings,
    SmtpUrl,
    WebAddress,
    host_and_port,
)
from identity.trusted_authorities import TrustedAuthorities

_MOST_REQUESTS = 1_000_000


def _bind_or_nothing(value: str) -> str:
    if value:
        host_and_port(value)
    return value


class Settings(ServiceSettings):
    """Everything an operator can set. Field `x` is read from `IDENTITY_X`."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_")

    issuer: WebAddress = Field(
        description="the public address of this service, such as https://id.example.gov"
    )
    database_url: DatabaseUrl = Field(
        description="postgresql+psycopg://user@host/name, or sqlite:////path/file.db"
    )
    ca_file: CaFile = Field(
        default="", description="a PEM file of certificate authorities that are trusted beside the system's"
    )
    secret_keys: SecretKeyList = Field(
        description="comma-separated keys of 32 characters or more; the first is current"
    )
    bind: Bind = Field(default="127.0.0.1:8000", description="host:port to listen on")
    web_processes: Processes = Field(default=1, description="web server processes")
    trusted_proxies: Proxies = Field(default=0, description="reverse proxies in front of this service")
    client_certificate_header: HeaderName = Field(
        default="",
        description="the header in which the proxy hands on client certificates, such as Client-Cert;"
        " needs IDENTITY_TRUSTED_PROXIES",
    )
    client_certificate_authorities: CertificateFile = Field(
        default="", description="a file of PEM certificates: whose client certificates tls_client_auth takes"
    )

    outbound_proxy: SecretStr = Field(
        default=SecretStr(""),
        description="the proxy that requests to the public network go through, such as"
        " http://proxy.example.gov:3128",
    )

    smtp_url: SmtpUrl = Field(
        default=SecretStr("smtp://127.0.0.1:1025"), description="smtp://, smtp+starttls:// or smtps://"
    )
    mail_sender: Mailbox = Field(
        default="Community Access ID <no-reply@localhost>",
        description="one address, such as City of X <no-reply@id.example.gov>",
    )

    password_min_length: int = Field(default=15, ge=8, le=128, description="characters (NIST SP 800-63B-4)")
    password_hashing: Literal["argon2id", "pbkdf2"] = Field(
        default="argon2id", description="pbkdf2 where FIPS 140 is asked for"
    )

    metrics_bind: Annotated[str, AfterValidator(_bind_or_nothing)] = Field(
        default="", description="host:port where the worker serves metrics for Prometheus; empty: nowhere"
    )
    audit_retention_days: int = Field(
        default=1095, ge=30, le=36_500, description="days after which an event of the audit is deleted"
    )

    sign_ins_per_minute: int = Field(
        default=20, ge=1, le=_MOST_REQUESTS, description="sign-ins tried by one network in a minute"
    )
    sign_ups_per_hour: int = Field(
        default=20, ge=1, le=_MOST_REQUESTS, description="registrations by one network in an hour"
    )
    mails_per_hour: int = Field(
        default=20, ge=1, le=_MOST_REQUESTS, description="recovery mails asked for by one network in an hour"
    )

    @model_validator(mode="after")
    def _certificates_come_through_a_proxy(self) -> "Settings":
        if self.client_certificate_header and not self.trusted_proxies:
            raise ValueError(
                "IDENTITY_CLIENT_CERTIFICATE_HEADER: needs IDENTITY_TRUSTED_PROXIES of 1 or more: without a"
                " proxy in front any client could send the header"
            )
        if self.client_certificate_authorities and not self.client_certificate_header:
            raise ValueError(
                "IDENTITY_CLIENT_CERTIFICATE_AUTHORITIES: needs IDENTITY_CLIENT_CERTIFICATE_HEADER, in which"
                " the proxy hands certificates on"
            )
        return self

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
