"""JSON files and secrets as commands read them. A secret is never an argument: other users can see those."""

import os
from pathlib import Path
from typing import Any, TextIO

import click

from identity.cli.operator import refuse
from identity.json_text import JsonRefusedError, read_json_object

json_file = click.argument("file", type=click.File(encoding="utf-8"))
secret_from_env = click.option(
    "--secret-from-env", metavar="NAME", help="Take the secret from this environment variable."
)


def read_json(file: TextIO) -> dict[str, Any]:
    """Return the JSON object in a file (`-` is standard input); refuses anything else."""
    try:
        return read_json_object(file.read().removeprefix("\ufeff"))
    except JsonRefusedError as error:
        refuse(f"{file.name} {error}")
    except UnicodeDecodeError:
        refuse(f"{file.name} is not UTF-8")


def inline_logo(content: dict[str, Any], file: TextIO) -> dict[str, Any]:
    """Replace `logo_file`, a path relative to the JSON file, by `logo_svg`, its content."""
    name = content.get("logo_file")
    if not isinstance(name, str) or "logo_svg" in content:
        return content
    path = Path(file.name).parent / name
    try:
        drawing = path.read_text(encoding="utf-8")
    except OSError as error:
        refuse(f"logo_file: cannot read {path}: {error.strerror}")
    return {k: v for k, v in content.items() if k != "logo_file"} | {"logo_svg": drawing}


def read_secret(variable: str | None) -> str | None:
    """Return the secret in an environment variable, None without a name; refuses an unset variable."""
    if variable is None:
        return None
    if not (secret := os.environ.get(variable)):
        refuse(f"the environment variable {variable} is not set")
    return secret


def write_secret(path: Path, secret: str) -> None:
    """Write a secret to a new file that only its owner can read; refuses to overwrite a file."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        refuse(f"cannot write {path}: {error.strerror}")
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{secret}\n")
