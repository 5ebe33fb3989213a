"""Every setting of a local start, given or derived.

A variable of the environment goes before `.local/settings.env`, which goes before a derived value. Each
service gets its own variables only.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.errors import LocalError

ROOT = Path(__file__).parent.parent.parent
CITY = "pinellas-park"
AUDIENCE = "urn:community-access:billing-link"
SERVICES = ("IDENTITY", "BILLING_LINK", "PORTAL", "CITY_WEBSITE", "INBOX", "SIMULATED_PROVIDERS")
DATABASES = ("IDENTITY", "BILLING_LINK", "PORTAL")
HIGHEST_PORT = 65535


@dataclass(frozen=True)
class Listener:
    """A port of one process: the variables that set it, and the default address."""

    process: str
    bind: str
    url: str
    default_host: str
    default_port: int


LISTENERS = (
    Listener("identity", "IDENTITY_BIND", "IDENTITY_ISSUER", "localhost", 8000),
    Listener("portal", "PORTAL_BIND", "PORTAL_BASE_URL", "127.0.0.1", 8080),
    Listener("city_website", "CITY_WEBSITE_BIND", "CITY_WEBSITE_BASE_URL", "127.0.0.1", 8090),
    Listener("inbox", "INBOX_BIND", "", "127.0.0.1", 8025),
    Listener("inbox", "INBOX_SMTP_BIND", "", "127.0.0.1", 1025),
    Listener("billing_link", "BILLING_LINK_BIND", "", "127.0.0.1", 50051),
    Listener("simulated_providers", "SIMULATED_PROVIDERS_BIND", "", "127.0.0.1", 8070),
)


@dataclass(frozen=True)
class Settings:
    """The settings of one local start. `secret_file` adds secrets to `values`."""

    directory: Path
    show_logs: bool
    start_seconds: int
    values: Mapping[str, str]

    def of(self, service: str) -> dict[str, str]:
        """Return the variables of one service, such as `PORTAL`."""
        return {name: value for name, value in self.values.items() if name.startswith(f"{service}_")}

    def address(self, listener: Listener) -> tuple[str, int]:
        """Return the host and port of a listener."""
        return _host_and_port(listener.bind, self.values[listener.bind])


def read(environment: Mapping[str, str]) -> Settings:
    """Read the settings; raises `LocalError` that names the first wrong one."""
    directory = Path(environment.get("LOCAL_DIRECTORY") or ROOT / ".local").absolute()
    file = directory / "settings.env"
    given = parse(file) if file.is_file() else {}
    given |= {name: value for name, value in environment.items() if _is_ours(name)}
    seconds = given.get("LOCAL_START_SECONDS", "60")
    if not seconds.isdigit() or not int(seconds):
        raise LocalError(f"LOCAL_START_SECONDS={seconds}: give a number of seconds")
    logs = given.get("LOCAL_LOGS", "file")
    if logs not in {"file", "terminal"}:
        raise LocalError(f"LOCAL_LOGS={logs}: give file or terminal")
    values = _derived(_addresses(given), directory)
    _keep_cookies_apart(values)
    return Settings(directory, logs == "terminal", int(seconds), values)


def parse(file: Path) -> dict[str, str]:
    """Read `NAME=value` lines; raises `LocalError` that names a line of another form."""
    values = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, separator, value = text.partition("=")
        name = name.strip()
        if not separator or not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
            raise LocalError(f"{file}, line {number}: write NAME=value")
        if not _is_ours(name):
            raise LocalError(f"{file}, line {number}: no service has a setting {name}")
        values[name] = value.strip().strip("\"'")
    return values


def _is_ours(name: str) -> bool:
    return name.startswith(tuple(f"{service}_" for service in (*SERVICES, "LOCAL")))


def _addresses(given: dict[str, str]) -> dict[str, str]:
    """Complete each public address and its host:port: each one is derived from the other."""
    values = dict(given)
    for listener in LISTENERS:
        if listener.url and listener.url in values:
            values[listener.url] = values[listener.url].rstrip("/")
            host, port = _of_url(listener.url, values[listener.url])
            values.setdefault(listener.bind, f"{'127.0.0.1' if host == 'localhost' else host}:{port}")
        host = "127.0.0.1" if listener.default_host == "localhost" else listener.default_host
        values.setdefault(listener.bind, f"{host}:{listener.default_port}")
        _, port = _host_and_port(listener.bind, values[listener.bind])
        if listener.url:
            values.setdefault(listener.url, f"http://{listener.default_host}:{port}")
    return values


def _derived(values: dict[str, str], directory: Path) -> dict[str, str]:
    issuer = values["IDENTITY_ISSUER"]
    city = json.loads((ROOT / "deploy/local/sample_city/identity.json").read_text(encoding="utf-8"))
    derived = {
        "IDENTITY_SMTP_URL": f"smtp://{values['INBOX_SMTP_BIND']}",
        "BILLING_LINK_ISSUER": issuer,
        "BILLING_LINK_AUDIENCE": AUDIENCE,
        "PORTAL_ISSUER": issuer,
        "PORTAL_CITY": CITY,
        "PORTAL_CITY_NAME": city["name"],
        "PORTAL_CITY_SUPPORT_NAME": city["support_name"],
        "PORTAL_CITY_SUPPORT_PHONE": city["support_phone"],
        "PORTAL_CLIENT_ID": "citizen-self-service",
        "PORTAL_BILLING_LINK_TARGET": values["BILLING_LINK_BIND"],
        "PORTAL_BILLING_LINK_AUDIENCE": values.get("BILLING_LINK_AUDIENCE", AUDIENCE),
        "CITY_WEBSITE_ISSUER": issuer,
        "CITY_WEBSITE_CLIENT_ID": "city-website",
        "CITY_WEBSITE_PORTAL_URL": values["PORTAL_BASE_URL"],
    }
    databases = {
        f"{service}_DATABASE_URL": f"sqlite:///{directory / service.lower()}.db" for service in DATABASES
    }
    return databases | derived | values


def _keep_cookies_apart(values: Mapping[str, str]) -> None:
    identity, portal = urlsplit(values["IDENTITY_ISSUER"]), urlsplit(values["PORTAL_BASE_URL"])
    if identity.hostname == portal.hostname and _is_below(identity.path, portal.path):
        raise LocalError(
            f"IDENTITY_ISSUER and PORTAL_BASE_URL are both on {identity.hostname}, and cookies ignore ports: "
            "use localhost for one and 127.0.0.1 for the other, or give each a path, such as /id and /pay"
        )


def _is_below(one: str, other: str) -> bool:
    """Tell whether one of two paths is the other, or below it."""
    shorter, longer = sorted((f"{one}/", f"{other}/"), key=len)
    return longer.startswith(shorter)


def _of_url(name: str, value: str) -> tuple[str, int]:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise LocalError(f"{name}={value}: give an address such as http://127.0.0.1:8080")
    return parts.hostname, port or (443 if parts.scheme == "https" else 80)


def _host_and_port(name: str, value: str) -> tuple[str, int]:
    host, separator, port = value.rpartition(":")
    if not separator or not host or not port.isdigit() or not 0 < int(port) <= HIGHEST_PORT:
        raise LocalError(f"{name}={value}: give host:port, such as 127.0.0.1:8080")
    return host, int(port)


def foreign_environment() -> dict[str, str]:
    """Return the environment without the settings of any service."""
    return {name: value for name, value in os.environ.items() if not _is_ours(name)}
