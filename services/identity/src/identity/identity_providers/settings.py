"""Reading providers' settings: from variables or from files that variables name (`…_FILE`)."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from identity.errors import SettingsError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class ProviderSettings:
    """The variables of one provider: those that start with `prefix`."""

    def __init__(self, environ: Mapping[str, str], prefix: str) -> None:
        self._environ, self._prefix = environ, prefix

    def are_given(self, names: tuple[str, ...], consequence: str) -> bool:
        """Return whether all of `names` are set, as values or files; False if none is.

        Raises `SettingsError` that names what is missing, if only some are.
        """
        missing = [name for name in names if not self._is_set(name)]
        if missing and len(missing) < len(names):
            raise SettingsError(
                "\n".join(
                    f"{self._prefix}{name}: is not set, but {consequence} needs it; set it (or"
                    f" {self._prefix}{name}_FILE), or unset the other {self._prefix}… variables"
                    for name in missing
                )
            )
        return not missing

    def required(self, name: str) -> str:
        """Return a value that must be there; raises `SettingsError`."""
        value = self.optional(name)
        if value is None:
            raise SettingsError(f"{self._prefix}{name}: is not set")
        return value

    def optional(self, name: str) -> str | None:
        """Return the variable's value, or the text of the file `…_FILE` names; raises `SettingsError`."""
        value, path = self._value(name), self._value(f"{name}_FILE")
        if value and path:
            raise SettingsError(f"{self._prefix}{name} and {self._prefix}{name}_FILE are both set; keep one")
        if path is None:
            return value
        try:
            text = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError) as error:
            raise SettingsError(f"{self._prefix}{name}_FILE: cannot read {path} as text") from error
        if not text:
            raise SettingsError(f"{self._prefix}{name}_FILE: {path} is empty")
        return text

    def address(self, name: str, default: str | None = None) -> str:
        """Return an https address (http on this machine) without final slash; raises `SettingsError`."""
        return self.issuer(name, default).rstrip("/")

    def issuer(self, name: str, default: str | None = None) -> str:
        """Return an address to the letter: a final slash is part of an issuer. Raises `SettingsError`."""
        address = self.optional(name) or default or ""
        if not is_fit_for_secrets(address) or urlsplit(address).query:
            raise SettingsError(
                f"{self._prefix}{name}: expected an address that starts with https:// (http:// only on this"
                " machine)"
            )
        return address

    def switch(self, name: str) -> bool:
        """Return a switch that is off unless set to `true`; raises `SettingsError`."""
        value = (self.optional(name) or "false").lower()
        if value not in ("true", "false"):
            raise SettingsError(f"{self._prefix}{name}: expected true or false")
        return value == "true"

    def _is_set(self, name: str) -> bool:
        return bool(self._value(name) or self._value(f"{name}_FILE"))

    def _value(self, name: str) -> str | None:
        return self._environ.get(self._prefix + name, "").strip() or None


def is_fit_for_secrets(address: str) -> bool:
    """Return whether an address is https, or http on this very machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))
