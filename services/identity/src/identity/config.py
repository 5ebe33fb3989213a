"""The service's settings, read from environment variables that start with `IDENTITY_`."""

from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from identity.errors import SettingsError


class Settings(BaseSettings):
    """Everything an operator can set. Field `x` is read from `IDENTITY_X`."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_", extra="ignore")

    issuer: str = Field(description="the public address of this service, such as https://id.example.gov")
    database_url: str = Field(description="postgresql+psycopg://user@host/name, or sqlite:////path/file.db")
    secret_keys: Annotated[list[str], NoDecode] = Field(
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

    smtp_url: str = Field(
        default="smtp://127.0.0.1:1025", description="smtp://, smtp+starttls:// or smtps://"
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

    @field_validator("issuer")
    @classmethod
    def _no_trailing_slash(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("give an address that starts with https:// (http:// only on this machine)")
        return value.rstrip("/")

    @property
    def served_over_https(self) -> bool:
        """Whether residents reach this service over https; cookies are Secure exactly then."""
        return self.issuer.startswith("https://")


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
            lines.append(f"IDENTITY_{name.upper()}: {problem} (expected: {expected})")
        raise SettingsError("\n".join(lines)) from None
