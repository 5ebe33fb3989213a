"""What commands read: JSON files, and secrets that never stand on a command line."""

import json
import os
from pathlib import Path
from typing import Any, TextIO

import click

from identity.cli.operator import refuse

json_file = click.argument("file", type=click.File(encoding="utf-8"))
secret_from_env = click.option(
    "--secret-from-env", metavar="NAME", help="Take the secret from this environment variable."
)


def read_json(file: TextIO) -> dict[str, Any]:
    """Return the JSON object in a file (`-` is standard input)."""
    try:
        content = json.load(file)
    except ValueError as error:
        refuse(f"{file.name} is not JSON: {error}")
    if not isinstance(content, dict):
        refuse(f"{file.name}: expected one object {{…}}")
    return content


def inline_logo(content: dict[str, Any], file: TextIO) -> dict[str, Any]:
    """Replace `logo_file`, a path beside the JSON file, by the drawing itself."""
    name = content.get("logo_file")
    if not isinstance(name, str) or "logo_svg" in content:
        return content
    path = Path(file.name).parent / name
    try:
        drawing = path.read_text(encoding="utf-8")
    except OSError as error:
        refuse(f"logo_file: cannot read {path}: {error.strerror}")
    return {k: v for k, v in content.items() if k != "logo_file"} | {"logo_svg": drawing}


def secret_of(variable: str | None) -> str | None:
    """Return the secret in an environment variable, if one is named."""
    if variable is None:
        return None
    if not (secret := os.environ.get(variable)):
        refuse(f"the environment variable {variable} is not set")
    return secret


def write_secret(path: Path, secret: str) -> None:
    """Write a secret to a file that only its owner can read; a file that exists is not overwritten."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        refuse(f"cannot write {path}: {error.strerror}")
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{secret}\n")
