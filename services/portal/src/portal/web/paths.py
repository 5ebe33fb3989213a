"""Where a page may send the browser next: only to pages of the portal."""

LONGEST = 2048
HOME = "/home"


def own_path(wish: str | None, otherwise: str = HOME) -> str:
    """Return the wish if it is a path of the portal that a browser cannot read as another site's address."""
    path = wish or ""
    plain = path.isascii() and path.isprintable() and "\\" not in path and len(path) <= LONGEST
    return path if plain and path.startswith("/") and not path.startswith("//") else otherwise
