"""The secrets of a local start: generated once, in a file that only this user can read."""

import os
import secrets
from dataclasses import replace
from pathlib import Path

from deploy.local.settings import Settings, parse

NAMES = (
    "IDENTITY_SECRET_KEYS",
    "BILLING_LINK_RESOURCE_SECRET",
    "PORTAL_SECRET_KEYS",
    "PORTAL_CLIENT_SECRET",
    "CITY_WEBSITE_SECRET_KEY",
    "CITY_WEBSITE_CLIENT_SECRET",
)
BYTES = 32


def add_secrets(settings: Settings) -> Settings:
    """Return the settings with every secret: as set, from the file, or generated and written to it."""
    file = settings.directory / "secrets.env"
    stored = parse(file) if file.is_file() else {}
    generated = {name: secrets.token_urlsafe(BYTES) for name in NAMES if name not in stored}
    if generated:
        _write(file, stored | generated)
    return replace(settings, values=stored | generated | dict(settings.values))


def _write(file: Path, values: dict[str, str]) -> None:
    """Write the file atomically, readable by its owner only."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.writelines(f"{name}={value}\n" for name, value in values.items())
    new.replace(file)
