"""Providers' settings: from variables, or from files that variables name (`…_FILE`)."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from identity.config import settings_error
from identity.errors import SettingsError
from identity.setting_types import as_meant, is_this_machine


class ProviderSettings(BaseSettings):
    """What an operator sets for one provider: field `x` is `<prefix>X`, or in the file `<prefix>X_FILE`.

    The required fields are the credentials: the provider is offered if they are set.
    """

    model_config = SettingsConfigDict(arbitrary_types_allowed=True, frozen=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings' signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what the constructor is given; `read_provider` names the environment."""
        return (init_settings,)


Kind = TypeVar("Kind", bound=BaseSettings)


def read_provider(
    kind: type[Kind], environ: Mapping[str, str], what: str, *, prefix: str | None = None
) -> Kind | None:
    """Return the settings of one provider, None if no credential is set.

    `what` needs them, in an operator's words. `prefix`, if not the kind's own. Raises `SettingsError` with a
    line for each variable at fault.
    """
    prefix = prefix or str(kind.model_config.get("env_prefix"))
    source = VariablesOrFiles(kind, environ, prefix)
    needed = [name for name, field in kind.model_fields.items() if field.is_required()]
    missing = [f"{prefix}{name.upper()}" for name in needed if not source.is_set(name)]
    if len(missing) == len(needed):
        return None
    if missing:
        raise SettingsError(
            "\n".join(
                f"{name}: is not set, but {what} needs it; set it (or {name}_FILE), or unset the other"
                f" {prefix}… variables"
                for name in missing
            )
        )
    try:
        return kind(_build_sources=((source,), {}))
    except ValidationError as error:
        raise settings_error(kind, prefix, error) from None


class VariablesOrFiles(PydanticBaseSettingsSource):
    """Reads a field from its variable, or from the file that the variable `…_FILE` names."""

    def __init__(self, kind: type[BaseSettings], environ: Mapping[str, str], prefix: str) -> None:
        super().__init__(kind)
        self._environ, self._prefix = environ, prefix

    def __call__(self) -> dict[str, object]:
        """Return the fields that are set; raises `SettingsError` if a file cannot be read."""
        values = {name: self._value(name) for name in self.settings_cls.model_fields}
        return {name: value for name, value in values.items() if value is not None}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[str | None, str, bool]:  # noqa: ARG002 - pydantic-settings' signature
        """Return the field's value, its name and whether it is JSON; raises `SettingsError`."""
        return self._value(field_name), field_name, False

    def is_set(self, name: str) -> bool:
        """Return whether the field has a variable or a file."""
        return bool(self._variable(name) or self._variable(f"{name}_file"))

    def _value(self, name: str) -> str | None:
        variable = f"{self._prefix}{name.upper()}"
        value, path = self._variable(name), self._variable(f"{name}_file")
        if value and path:
            raise SettingsError(f"{variable} and {variable}_FILE are both set; keep one")
        if path is None:
            return _as_meant(variable, value) if value else value
        try:
            text = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError) as error:
            raise SettingsError(f"{variable}_FILE: cannot read {path} as text") from error
        if not text:
            raise SettingsError(f"{variable}_FILE: {path} is empty")
        return text

    def _variable(self, name: str) -> str | None:
        return self._environ.get(f"{self._prefix}{name.upper()}", "").strip() or None


def _as_meant(variable: str, value: str) -> str:
    """Return the value, checked as every setting is; a key in PEM form has line ends."""
    if value.startswith("-----BEGIN "):
        return value
    try:
        return as_meant(value)
    except ValueError as error:
        raise SettingsError(f"{variable}: {error}") from None


def is_fit_for_secrets(address: str) -> bool:
    """Return whether an address is https, or http on this very machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    if not host:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_this_machine(host))


def _fit(address: str) -> str:
    if not is_fit_for_secrets(address):
        raise ValueError("expected an address that starts with https:// (http:// only on this machine)")
    if not re.fullmatch(r"https?://[!-~]+", address) or re.search(r"[?#@\\]", address):
        raise ValueError("expected scheme, host, port and path alone, in ASCII")
    if not _has_right_port(address):
        raise ValueError("expected a port from 1 to 65535, or none")
    return address


def _has_right_port(address: str) -> bool:
    parts = urlsplit(address)
    try:
        return parts.port != 0 and not parts.netloc.endswith(":")
    except ValueError:
        return False


def _switch(value: object) -> object:
    if isinstance(value, str) and value.lower() not in {"true", "false"}:
        raise ValueError("expected true or false")
    return value


# To the letter: a final slash is part of an issuer.
Issuer = Annotated[str, AfterValidator(_fit)]
Address = Annotated[str, AfterValidator(_fit), AfterValidator(lambda address: address.rstrip("/"))]
Switch = Annotated[bool, BeforeValidator(_switch)]
