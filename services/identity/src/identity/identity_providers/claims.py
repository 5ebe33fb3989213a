"""Reading values that came from outside: right type, bounded, printable, or not there."""

import hmac
import unicodedata

EMAIL_CHARACTERS = 254
NAME_CHARACTERS = 100
LOCALE_CHARACTERS = 35
AMR_VALUES = 10


def is_same(given: str, right: str) -> bool:
    """Compare what came from outside with what was stored, in the same time wherever they differ."""
    return hmac.compare_digest(given.encode(errors="surrogatepass"), right.encode(errors="surrogatepass"))


def text(value: object, characters: int) -> str | None:
    """Return printable text of 1 to `characters` characters, trimmed; None for anything else."""
    if not isinstance(value, str) or len(value) > 4 * characters:
        return None
    kept = "".join(
        c for c in unicodedata.normalize("NFC", value) if unicodedata.category(c)[0] != "C"
    ).strip()
    return kept if 0 < len(kept) <= characters else None


def email(value: object) -> str | None:
    """Return what has the shape of an address; whether it is one is decided where residents are made."""
    address = text(value, EMAIL_CHARACTERS)
    if address is None or address != value or address.count("@") != 1 or any(c.isspace() for c in address):
        return None
    return address


def name(value: object) -> str | None:
    """Return a person's given or family name."""
    return text(value, NAME_CHARACTERS)


def locale(value: object) -> str | None:
    """Return a BCP 47 tag; some providers write an underscore."""
    tag = text(value, LOCALE_CHARACTERS)
    return tag.replace("_", "-") if tag and tag.replace("_", "-").replace("-", "").isalnum() else None


def amr(value: object) -> tuple[str, ...]:
    """Return authentication method references (RFC 8176)."""
    if not isinstance(value, list):
        return ()
    return tuple(reference for item in value[:AMR_VALUES] if (reference := text(item, 40)))
