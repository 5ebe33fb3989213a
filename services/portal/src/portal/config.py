"""The service's settings, read from environment variables that start with `PORTAL_`.

What is secret is so by its type (`SecretStr`, `Secret`): shown as stars, read by `get_secret_value()`.
"""

from functools import cached_property
from typing import Self, TypeVar
from urllib.parse import urlsplit

from babel.dates import get_timezone
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from portal.errors import SettingsError
from portal.setting_types import (
    Audience,
    Bind,
    CaFile,
    CertificateFile,
    DatabaseUrl,
    GrpcTarget,
    Processes,
    Proxies,
    SecretKeyList,
    ServiceSettings,
    WebAddress,
)
from portal.trusted_authorities import TrustedAuthorities, read_certificates

# What the portal asks identity for: who the resident is, and to read and link their utility accounts.
SCOPE = "openid profile email offline_access billing.read billing.link"


class Settings(ServiceSettings):
    """Everything an operator can set. Field `x` is read from `PORTAL_X`."""

    model_config = SettingsConfigDict(env_prefix="PORTAL_")

    base_url: WebAddress = Field(
        description="the public address of this portal, such as https://pay.example.gov"
    )
    bind: Bind = Field(default="127.0.0.1:8080", description="host:port to listen on")
    database_url: DatabaseUrl = Field(
        description="postgresql+psycopg://user@host/name, or sqlite:////path/file.db"
    )
    ca_file: CaFile = Field(
        default="", description="a PEM file of certificate authorities that are trusted beside the system's"
    )
    secret_keys: SecretKeyList = Field(
        description="comma-separated keys of 32 characters or more; the first is current"
    )
    web_processes: Processes = Field(default=1, description="web server processes")
    trusted_proxies: Proxies = Field(default=0, description="reverse proxies in front of this service")

    issuer: WebAddress = Field(description="the address of identity, such as https://id.example.gov")
    client_id: str = Field(pattern=r"^[!-~]{1,255}$", description="the portal's client id at identity")
    client_secret: SecretStr = Field(min_length=1, description="the portal's client secret at identity")
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

    billing_link_target: GrpcTarget = Field(
        default="127.0.0.1:50051", description="host:port of billing_link"
    )
    billing_link_audience: Audience = Field(
        default="urn:community-access:billing-link", description="billing_link's resource indicator"
    )
    billing_link_tls: bool = Field(default=False, description="whether billing_link speaks TLS")
    billing_link_tls_ca: CertificateFile = Field(
        default="", description="a PEM file: what billing_link's certificate is verified with, alone"
    )

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

    @model_validator(mode="after")
    def _two_addresses(self) -> Self:
        if self.base_url == self.issuer:
            raise ValueError(
                "PORTAL_BASE_URL: is PORTAL_ISSUER too; portal and identity have an address each"
            )
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
