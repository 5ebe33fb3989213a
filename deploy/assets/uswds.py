"""Fetches the compiled files of the design system by npm and copies those that pages use into each service.

`make assets` runs it; it is quick when nothing has changed. Each service serves its own copy: pages load
nothing from other hosts.
"""

import hashlib
import re
import shutil
from pathlib import Path

from deploy.assets import npm

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PACKAGE = HERE / "node_modules" / "@uswds" / "uswds"
DESTINATIONS = (
    ROOT / "services/identity/src/identity/static/uswds",
    ROOT / "services/portal/src/portal/static/uswds",
    ROOT / "examples/city_website/static/uswds",
)
STYLES = "css/uswds.min.css"
# Public Sans has the letters of every language of the pages; the fonts of the style sheet do not.
OTHERS = (
    "js/uswds.min.js",
    "js/uswds-init.min.js",
    "img/sprite.svg",
    "fonts/public-sans/PublicSans-Regular.woff2",
    "fonts/public-sans/PublicSans-Italic.woff2",
    "fonts/public-sans/PublicSans-Bold.woff2",
    "fonts/public-sans/PublicSans-BoldItalic.woff2",
)


def fingerprint() -> str:
    """Return a hash of what the copies depend on: the lock and this file."""
    content = (HERE / "package-lock.json").read_bytes() + Path(__file__).read_bytes()
    return hashlib.sha256(content).hexdigest()


def files_to_copy() -> list[str]:
    """Return the files to copy, relative to `dist`: those that the style sheet names, and `OTHERS`."""
    styles = (PACKAGE / "dist" / STYLES).read_text()
    named = {match.removeprefix("../") for match in re.findall(r"url\(\"?(\.\./[^)\"?#]+)", styles)}
    return sorted({STYLES, *OTHERS, *named})


def copy(destination: Path, files: list[str], current: str) -> None:
    """Replace one service's copy. The fingerprint is written last: an interrupted copy is made again."""
    shutil.rmtree(destination, ignore_errors=True)
    for file in files:
        target = destination / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PACKAGE / "dist" / file, target)
    shutil.copyfile(PACKAGE / "LICENSE.md", destination / "LICENSE.md")
    (destination / ".fingerprint").write_text(current)


def main() -> None:
    """Update every copy that is out of date."""
    current = fingerprint()
    stale = [
        destination
        for destination in DESTINATIONS
        if not (destination / ".fingerprint").is_file()
        or (destination / ".fingerprint").read_text() != current
    ]
    if not stale:
        return
    npm.install(HERE, "The front-end assets")
    files = files_to_copy()
    for destination in stale:
        copy(destination, files, current)
    print(f"Copied {len(files)} files of the design system to {len(stale)} places")


if __name__ == "__main__":
    main()
