"""docs/operations.md names every setting of every service, and none that does not exist."""

import re
from pathlib import Path

import billing_link.config
import identity.config
import portal.config
import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings

DOCUMENT = Path(__file__).parents[2] / "docs" / "operations.md"
SETTINGS: dict[str, type[BaseSettings]] = {
    "identity": identity.config.Settings,
    "billing_link": billing_link.config.ServerSettings,
    "portal": portal.config.Settings,
}


def documented(service: str) -> dict[str, str]:
    """Return what the service's table says of each variable's default."""
    section = DOCUMENT.read_text().split(f"\n### {service}\n")[1].split("\n#")[0]
    return dict(re.findall(r"^\| `([A-Z_]+)` \| `?(.*?)`? \|", section, re.MULTILINE))


def shown(default: object) -> str:
    """Return a default as the document writes it."""
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    return str(default).lower() if isinstance(default, bool) else str(default)


@pytest.mark.parametrize("service", SETTINGS)
def test_every_setting_is_documented_with_its_default(service: str) -> None:
    known = {}
    for name, field in SETTINGS[service].model_fields.items():
        default = shown(field.default)
        known[f"{service.upper()}_{name.upper()}"] = "needed" if field.is_required() else default or "none"

    assert documented(service) == known
