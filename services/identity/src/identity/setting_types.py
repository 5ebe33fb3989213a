"""The types of settings: what a value must look like, so that one that cannot be right stops the start."""

import os
import re
import ssl
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from email.utils import getaddresses
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, Secret, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from identity.trusted_authorities import TrustedAuthorities

SHORTEST_KEY = 32
# A key of fewer different characters was typed, not made.
_FEWEST_CHARACTERS = 8
_HIGHEST_PORT = 65535
_DEFAULT_PORTS = {"http": 80, "https": 443}
# RFC 3986 §2.3: what everything on the way writes alike. A segment that begins with a dot would be resolved.
_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
# What orchestrators set for a service of our name: Kubernetes' service variables, Docker's links.
_OF_ORCHESTRATORS = re.compile(r"(SERVICE_(HOST|PORT(_.+)?)|PORT(_\d+_(TCP|UDP)(_.+)?)?|NAME|ENV_.+)")


class ServiceSettings(BaseSettings):
    """Settings from variables of one prefix. Empty ones are not set; blanks at their ends do not count."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    @field_validator("*", mode="before")
    @classmethod
    def _as_meant(cls, value: object) -> object:
        return as_meant(value) if isinstance(value, str) else value


def as_meant(value: str) -> str:
    """Return the text without blanks at its ends, such as the line end of a file.

    Raises `ValueError` for what a shell or a template was meant to take away, and for control characters.
    """
    text = value.strip()
    if text.startswith(("$(", "${")) and text.endswith((")", "}")):
        raise ValueError(f"is {text[:2]}…{text[-1]} as it stands; nothing has put the value in its place")
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        raise ValueError("has quotation marks around it; leave them out")
    if any(ord(character) < ord(" ") or character == "\x7f" for character in text):
        raise ValueError("has a line end or another control character in it")
    return text


def variables_of(kind: type[BaseSettings]) -> set[str]:
    """Return the names of the variables that settings of this kind are read from."""
    return {f"{kind.model_config.get('env_prefix')}{name.upper()}" for name in kind.model_fields}


def unknown_variables(prefix: str, known: Collection[str], names: Iterable[str]) -> list[str]:
    """Return a line for each name with our prefix that is no setting: misspelt, or of another release."""
    lines = []
    for name in sorted(names):
        if not name.startswith(prefix) or name in known or _OF_ORCHESTRATORS.fullmatch(name[len(prefix) :]):
            continue
        near = get_close_matches(name, known, n=1, cutoff=0.8)
        lines.append(f"{name}: no such setting, ignored" + (f" (did you mean {near[0]}?)" if near else ""))
    return lines


def host_and_port(address: str) -> tuple[str, int]:
    """Return the two of `host:port` or `[IPv6]:port`; raises `ValueError` with what to write."""
    host, _, port = address.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        is_right = ":" in host and is_host(host)
    else:
        is_right = ":" not in host and is_host(host)
    if not is_right:
        raise ValueError("give host:port, an IPv6 address in brackets")
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) <= _HIGHEST_PORT:
        raise ValueError(f"give a port from 1 to {_HIGHEST_PORT} behind the host")
    return host, int(port)


def is_host(text: str) -> bool:
    """Return whether this is an IP address, without brackets, or a host name in lower case and ASCII."""
    labels = text.split(".")
    if ":" in text or re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]):
        try:
            return bool(ip_address(text))
        except ValueError:
            return False
    return len(text) <= 253 and all(_LABEL.fullmatch(label) for label in labels)  # noqa: PLR2004 - RFC 1035 §2.3.4, as text


def is_this_machine(host: str) -> bool:
    """Return whether a host is the loopback interface (RFC 6761 §6.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _bind(value: str) -> str:
    host_and_port(value)
    return value


def _web_address(value: str) -> str:
    """Return the address of a web service without a slash at its end."""
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("is not an address (a host, and a port as a number)") from None
    if parts.scheme not in _DEFAULT_PORTS or not host:
        raise ValueError("give an address that starts with https:// (http:// only on this machine)")
    if not value.isascii() or re.search(r"[\s\\]", value):
        raise ValueError("has characters that an address cannot have; write an international name as xn--…")
    _check_authority(value, parts, host, port)
    if parts.scheme == "http" and not is_this_machine(host):
        raise ValueError("give an address that starts with https:// (http:// only on this machine)")
    if "?" in value or "#" in value:
        raise ValueError("ends with its path: leave out what begins with ? or #")
    if not _PATH.fullmatch(parts.path):
        raise ValueError("has a path with more than letters, digits, - . _ ~, or a dot at a part's beginning")
    return value.rstrip("/")


def _check_authority(value: str, parts: SplitResult, host: str, port: int | None) -> None:
    if "@" in parts.netloc:
        raise ValueError("leave out the user name and password before @")
    if not value.startswith(f"{parts.scheme}://") or parts.netloc != parts.netloc.lower():
        raise ValueError("write scheme and host in lower case: other services compare it to the letter")
    if not is_host(host):
        raise ValueError("has a host that is no name and no IP address")
    if host in ("0.0.0.0", "::"):  # noqa: S104 - refused
        raise ValueError("is where a server listens, not where it can be reached: give its name")
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError(f"give a port from 1 to {_HIGHEST_PORT}, or none")
    if port == _DEFAULT_PORTS[parts.scheme]:
        raise ValueError(f"leave out :{port}, as browsers do")


def _database(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if text.startswith("sqlite://"):
        _check_file(text)
        return value
    found = re.fullmatch(r"(?:postgres|postgresql|postgresql\+psycopg)://(.*)", text)
    if not found:
        raise ValueError("give a PostgreSQL or SQLite address")
    try:
        parts = urlsplit(text)
        named, port = parts.path.strip("/"), parts.port
    except ValueError:
        raise ValueError("cannot be taken apart; in a password write / as %2F, # as %23, ? as %3F") from None
    if parts.fragment or "#" in text:
        raise ValueError("has a # in it; in a password write # as %23")
    if port == 0:
        raise ValueError(f"give a port from 1 to {_HIGHEST_PORT}, or none")
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise ValueError("has a % that begins no %XX; in a password write % as %25")
    if not named or "/" in named:
        raise ValueError("names no database after the host, or more than one")
    return SecretStr(f"postgresql+psycopg://{found[1]}")


def _check_file(url: str) -> None:
    path = Path(url.removeprefix("sqlite:///").partition("?")[0])
    if not url.startswith("sqlite:////") or path.is_dir():
        raise ValueError("name a file from the root on, with four slashes: sqlite:////var/lib/name.db")
    if not path.parent.is_dir():
        raise ValueError(f"there is no directory {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ValueError(f"this user may not write {path if path.exists() else path.parent}")


def _keys_between_commas(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _strong_keys(value: Secret[list[str]]) -> Secret[list[str]]:
    keys = value.get_secret_value()
    if not keys or any(len(key) < SHORTEST_KEY for key in keys):
        raise ValueError(f"give one or more keys of at least {SHORTEST_KEY} characters, separated by commas")
    if len(set(keys)) < len(keys):
        raise ValueError("has the same key twice")
    if any(len(set(key)) < _FEWEST_CHARACTERS for key in keys):
        raise ValueError("has a key of too few different characters: make one at random, do not type it")
    return value


def _one_mailbox(value: str) -> str:
    mailboxes = getaddresses([value])
    address = mailboxes[0][1]
    if len(mailboxes) != 1:
        raise ValueError('is more than one address; a name with a comma is quoted: "City of X, Y" <a@b>')
    local, _, domain = address.rpartition("@")
    if (
        address not in value
        or not re.fullmatch(r"[!#-'*+/-9=?A-Z^-~.-]+", local)
        or not is_host(domain.lower())
    ):
        raise ValueError("is not a name and one e-mail address in ASCII")
    return value


def _mail_server(value: SecretStr) -> SecretStr:
    try:
        url = urlsplit(value.get_secret_value())
        host, port = url.hostname or "", url.port
    except ValueError:
        raise ValueError("cannot be taken apart; in a password write / as %2F, # as %23, ? as %3F") from None
    if url.scheme not in ("smtp", "smtp+starttls", "smtps") or not is_host(host) or port == 0:
        raise ValueError("give smtp://, smtp+starttls:// or smtps://, a host and, if needed, a port")
    if url.path not in ("", "/") or url.query or url.fragment:
        raise ValueError("ends with host and port; in a password write / as %2F, # as %23, ? as %3F")
    if bool(url.username) != bool(url.password):
        raise ValueError("gives a user name or a password alone; it takes both or none")
    return value


def _readable_certificates(path: str) -> str:
    if _pem(path, "CERTIFICATE"):
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        except ssl.SSLError:
            raise ValueError("names a file whose certificates cannot be read") from None
    return path


def _authorities(path: str) -> str:
    TrustedAuthorities(path)
    return path


def _pem(path: str, label: str) -> str:
    if not path:
        return path
    try:
        text = Path(path).read_text(encoding="ascii")
    except (OSError, UnicodeError):
        raise ValueError("names a file that cannot be read as text") from None
    if not re.search(f"-----BEGIN [A-Z ]*{label}-----", text):
        raise ValueError(f"names a file that holds no PEM {label.lower()}")
    return path


# A public address: https, or http on this machine; without a slash at its end.
WebAddress = Annotated[str, AfterValidator(_web_address)]
# host:port to listen on.
Bind = Annotated[str, AfterValidator(_bind)]
# It may hold a password.
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database)]
# Newest first.
SecretKeyList = Annotated[
    Secret[list[str]], NoDecode, BeforeValidator(_keys_between_commas), AfterValidator(_strong_keys)
]
# Reverse proxies in front: more than a few is a number of something else.
Proxies = Annotated[int, Field(ge=0, le=10)]
Processes = Annotated[int, Field(ge=1, le=256)]
CertificateFile = Annotated[str, AfterValidator(_readable_certificates)]
CaFile = Annotated[str, AfterValidator(_authorities)]
Mailbox = Annotated[str, AfterValidator(_one_mailbox)]
SmtpUrl = Annotated[SecretStr, AfterValidator(_mail_server)]
HeaderName = Annotated[str, Field(pattern=r"^([A-Za-z0-9-]{1,64})?$")]
