"""Fetches the design system's compiled files by npm and copies what the pages use into each service.

Run by `make assets`, which is quick when nothing has changed. The files are served by each service itself:
pages load nothing from elsewhere.
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
# Public Sans has the letters of every language the pages may speak; the style sheet's own faces have not.
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
    """Return what the copies depend on: the lock and this file."""
    content = (HERE / "package-lock.json").read_bytes() + Path(__file__).read_bytes()
    return hashlib.sha256(content).hexdigest()


def wanted() -> list[str]:
    """Return the files to copy, relative to `dist`: what the style sheet names, and `OTHERS`."""
    styles = (PACKAGE / "dist" / STYLES).read_text()
    named = {match.removeprefix("../") for match in re.findall(r"url\(\"?(\.\./[^)\"?#]+)", styles)}
    return sorted({STYLES, *OTHERS, *named})


def copy(destination: Path, files: list[str], mark: str) -> None:
    """Replace one service's copy; the mark is written last, so that a copy cut short is made again."""
    shutil.rmtree(destination, ignore_errors=True)
    for file in files:
        target = destination / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PACKAGE / "dist" / file, target)
    shutil.copyfile(PACKAGE / "LICENSE.md", destination / "LICENSE.md")
    (destination / ".fingerprint").write_text(mark)


def main() -> None:
    """Bring every copy up to date."""
    mark = fingerprint()
    stale = [
        place
        for place in DESTINATIONS
        if not (place / ".fingerprint").is_file() or (place / ".fingerprint").read_text() != mark
    ]
    if not stale:
        return
    npm.install(HERE, "The front-end assets")
    files = wanted()
    for destination in stale:
        copy(destination, files, mark)
    print(f"Copied {len(files)} files of the design system to {len(stale)} places")


if __name__ == "__main__":
    main()
