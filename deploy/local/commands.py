"""Runs the services' own commands, one process per service; an error names the command that failed."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.local.errors import LocalError
from deploy.local.settings import ROOT, foreign_environment


@dataclass(frozen=True)
class Command:
    """One command, its settings (a service's variables, secrets included), and its standard input."""

    arguments: tuple[str, ...]
    settings: dict[str, str]
    text: str = ""


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return this environment with one service's settings and this virtual environment's commands."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    # granian prints its error in one line; a backtrace of its Rust code would hide that line.
    own = {"PATH": path, "PYTHONUNBUFFERED": "1", "RUST_BACKTRACE": "0"}
    # All of it is on this machine: the example website must not ask a proxy for it.
    own |= {"no_proxy": "*", "NO_PROXY": "*"}
    return foreign_environment() | own | dict(settings)


async def run_concurrently(*command_lists: Sequence[Command]) -> None:
    """Run the lists side by side, each list in order; the first failure stops them all.

    Raises `LocalError` with the last lines of the command that failed.
    """
    tasks = [asyncio.create_task(_run(commands)) for commands in command_lists]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run(commands: Sequence[Command]) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.local.run_commands"),
        cwd=ROOT,
        env=environment({}),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await process.communicate(json.dumps([asdict(command) for command in commands]).encode())
    except asyncio.CancelledError:
        if process.returncode is None:
            process.terminate()
            await process.wait()
        raise
    if process.returncode != 0:
        raise LocalError("\n".join(output.decode("utf-8", "replace").strip().splitlines()[-12:]))
