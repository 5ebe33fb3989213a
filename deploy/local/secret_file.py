"""The secrets of a local start: made once, kept in a file that only this user reads."""

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
    """Return the settings with the secrets that nobody set, making those that are not kept yet."""
    file = settings.directory / "secrets.env"
    kept = parse(file) if file.is_file() else {}
    made = {name: secrets.token_urlsafe(BYTES) for name in NAMES if name not in kept}
    if made:
        _write(file, kept | made)
    return replace(settings, values=kept | made | dict(settings.values))


def _write(file: Path, values: dict[str, str]) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.writelines(f"{name}={value}\n" for name, value in values.items())
    new.replace(file)
