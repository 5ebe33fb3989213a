"""The main process lives as long as the service, and imports nothing of it."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
before = set(sys.modules)
import {service}.web_server.main_process
print(*(set(sys.modules) - before))
"""


@pytest.mark.parametrize("service", ["identity", "portal"])
def test_it_is_small(service):
    ran = subprocess.run(  # noqa: S603 - this test's own
        [sys.executable, "-c", PROGRAM.format(service=service)], capture_output=True, text=True, check=True
    )
    modules = {f"{service}.{name}" for name in ("errors", "web_server")}
    modules |= {f"{service}.web_server.{name}" for name in ("main_process", "processes")}
    imported = {name for name in ran.stdout.split() if name.partition(".")[0] not in sys.stdlib_module_names}
    assert imported == {service, *modules}
