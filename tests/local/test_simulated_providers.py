"""`make run` configures the simulated providers; no service refers to them."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from identity.clock import SystemClock
from identity.identity_providers.load import load_providers

from deploy.local import settings, simulated_providers

ROOT = Path(__file__).parents[2]


def read(directory: Path, **given: str) -> settings.Settings:
    return simulated_providers.add_settings(settings.read({"LOCAL_DIRECTORY": str(directory)} | given))


def test_all_four_are_simulated(tmp_path: Path) -> None:
    values = read(tmp_path, SIMULATED_PROVIDERS_BIND="127.0.0.1:9070").values

    assert list(load_providers(values, SystemClock())) == ["google", "apple", "microsoft", "facebook"]
    for name in ("GOOGLE_ISSUER", "APPLE_ISSUER", "MICROSOFT_AUTHORITY", "FACEBOOK_SITE", "FACEBOOK_GRAPH"):
        assert values[f"IDENTITY_{name}"].startswith("http://127.0.0.1:9070/")


def test_a_real_one_takes_the_place_of_its_simulation_and_of_no_other(tmp_path: Path) -> None:
    given = {"IDENTITY_GOOGLE_CLIENT_ID": "real", "IDENTITY_GOOGLE_CLIENT_SECRET": "real"}
    values = read(tmp_path, **given).values

    assert "IDENTITY_GOOGLE_ISSUER" not in values
    assert values["IDENTITY_GOOGLE_CLIENT_ID"] == "real"
    assert "IDENTITY_APPLE_ISSUER" in values


def test_their_key_is_kept_for_its_owner_only(tmp_path: Path) -> None:
    first = read(tmp_path).values["IDENTITY_APPLE_KEY_FILE"]
    content = Path(first).read_text()

    assert Path(first).stat().st_mode & 0o777 == 0o600
    assert Path(read(tmp_path).values["IDENTITY_APPLE_KEY_FILE"]).read_text() == content


def test_they_serve_this_machine_only() -> None:
    command = [sys.executable, "-m", "deploy.local.providers", "--bind", "0.0.0.0:8070"]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - ours

    assert refused.returncode == 2
    assert "they only serve this machine" in refused.stderr


@pytest.mark.parametrize("service", ["identity", "portal", "billing_link"])
def test_no_service_imports_them(service: str) -> None:
    for file in (ROOT / "services" / service / "src").rglob("*.py"):
        names = [
            node.module or "" if isinstance(node, ast.ImportFrom) else alias.name
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        ]
        assert not any(re.match(r"deploy\b", name) for name in names), file
