"""The service's settings, read from environment variables that start with `PORTAL_`."""

from typing import Annotated

from babel.dates import get_timezone
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from portal.errors import SettingsError

# What the portal asks identity for: who the resident is, and to read and link their utility accounts.
SCOPE = "openid profile email offline_access billing.read billing.link"


class Settings(BaseSettings):
    """Everything an operator can set. Field `x` is read from `PORTAL_X`."""

    model_config = SettingsConfigDict(env_prefix="PORTAL_", extra="ignore")

    base_url: str = Field(description="the public address of this portal, such as https://pay.example.gov")
    bind: str = Field(default="127.0.0.1:8080", description="host:port to listen on")
    database_url: str = Field(description="postgresql+psycopg://user@host/name, or sqlite:////path/file.db")
    secret_keys: Annotated[list[str], NoDecode] = Field(
        description="comma-separated keys of 32 characters or more; the first is current"
    )
    web_processes: int = Field(default=1, ge=1, description="web server processes")
    trusted_proxies: int = Field(default=0, ge=0, description="reverse proxies in front of this service")

    issuer: str = Field(description="the address of identity, such as https://id.example.gov")
    client_id: str = Field(description="the portal's client id at identity")
    client_secret: str = Field(description="the portal's client secret at identity")
    city: str = Field(pattern=r"^[a-z0-9-]{1,64}$", description="the city's id, such as pinellas-park")
    time_zone: str = Field(
        default="America/New_York",
        description="the zone times are shown in where the city names none, such as America/Chicago",
    )

    billing_link_target: str = Field(default="127.0.0.1:50051", description="host:port of billing_link")
    billing_link_audience: str = Field(
        default="urn:community-access:billing-link", description="billing_link's resource indicator"
    )
    billing_link_tls_ca: str = Field(
        default="", description="file with the certificate authority of billing_link; empty for plain text"
    )

    @field_validator("secret_keys", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        )

    @field_validator("secret_keys")
    @classmethod
    def _long_enough(cls, value: list[str]) -> list[str]:
        if not value or any(len(key) < 32 for key in value):  # noqa: PLR2004 - 256 bits of text, named in the text
            raise ValueError("give one or more keys of at least 32 characters, separated by commas")
        return value

    @field_validator("issuer", "base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("give an address that starts with https:// (http:// only on this machine)")
        return value.rstrip("/")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            get_timezone(value)
        except LookupError:
            raise ValueError("give a name of the IANA time zone database") from None
        return value

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


def load_settings() -> Settings:
    """Read the settings; raises `SettingsError` that names each variable at fault and what it should be."""
    try:
        return Settings()  # type: ignore[call-arg]  # the environment fills it
    except ValidationError as error:
        lines = []
        for fault in error.errors():
            name = str(fault["loc"][0]) if fault["loc"] else ""
            field = Settings.model_fields.get(name)
            expected = field.description if field else ""
            problem = (
                "is not set" if fault["type"] == "missing" else fault["msg"].removeprefix("Value error, ")
            )
            lines.append(f"PORTAL_{name.upper()}: {problem} (expected: {expected})")
        raise SettingsError("\n".join(lines)) from None
