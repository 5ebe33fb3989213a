"""Where everything runs as it should, no doctor finds a problem; the same doctors find what has stopped."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from local_stack import LocalRun

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]


def test_the_doctors_find_no_problem_until_everything_has_stopped(
    local_run: Callable[..., LocalRun], free_addresses: dict[str, str], tmp_path: Path
) -> None:
    run = local_run(**free_addresses)
    run.wait_for("Ctrl-C stops everything")
    environment = os.environ | free_addresses | {"LOCAL_DIRECTORY": str(tmp_path / "local")}
    settings = said_by([sys.executable, "-m", "deploy.local.shell_environment"], environment)

    for service in ("identity", "billing_link", "portal"):
        assert problems(settings, service) == []
    run.stop()

    assert problems(settings, "identity") == ["mail server"]
    assert problems(settings, "billing_link") == ["identity"]
    assert problems(settings, "portal") == ["identity", "billing_link"]


def problems(settings: str, service: str) -> list[str]:
    """Return the subjects of what a service's doctor calls a problem."""
    findings = json.loads(said_by(["sh", "-c", f"{settings}\n{service} doctor --json"], dict(os.environ)))
    return [each["check"] for each in findings if each["verdict"] == "problem"]


def said_by(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    return done.stdout
