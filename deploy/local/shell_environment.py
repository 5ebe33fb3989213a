"""`make env`: the settings of a local start as a shell reads them, so that commands reach what runs.

It prints secrets of this machine's sample city: for `eval`, not for a log.
"""

import os
import shlex
import sys
from pathlib import Path

from deploy.local import secret_file, simulated_providers
from deploy.local.errors import LocalError
from deploy.local.settings import Settings, read


def main() -> int:
    """Print one `export` a line; returns the exit status."""
    try:
        settings = read(os.environ)
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    if not settings.directory.is_dir():
        print("There is nothing to reach yet: start everything with `make run` first", file=sys.stderr)
        return 1
    settings = simulated_providers.add_settings(secret_file.add_secrets(settings))
    print(render(settings, Path(sys.executable).parent))
    return 0


def render(settings: Settings, programs: Path) -> str:
    """Return the lines: every setting of the three services, and their programs' folder first in PATH."""
    services = settings.of("IDENTITY") | settings.of("BILLING_LINK") | settings.of("PORTAL")
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(services.items())]
    return "\n".join([*lines, f'export PATH={shlex.quote(str(programs))}:"$PATH"'])


if __name__ == "__main__":
    sys.exit(main())
