"""Reads values of providers: of the right type, bounded and printable, or None."""

import hmac
import unicodedata

EMAIL_CHARACTERS = 254
NAME_CHARACTERS = 100
LOCALE_CHARACTERS = 35
AMR_VALUES = 10


def is_same(given: str, expected: str) -> bool:
    """Compare a received text with the stored one in constant time."""
    return hmac.compare_digest(given.encode(errors="surrogatepass"), expected.encode(errors="surrogatepass"))


def text(value: object, characters: int) -> str | None:
    """Return printable text of 1 to `characters` characters, trimmed; None for anything else."""
    if not isinstance(value, str) or len(value) > 4 * characters:
        return None
    kept = "".join(
        c for c in unicodedata.normalize("NFC", value) if unicodedata.category(c)[0] != "C" and c != "\ufffd"
    ).strip()
    return kept if 0 < len(kept) <= characters else None


def email(value: object) -> str | None:
    """Return text with the shape of an e-mail address; it is validated when a resident is created."""
    address = text(value, EMAIL_CHARACTERS)
    if address is None or address != value or address.count("@") != 1 or any(c.isspace() for c in address):
        return None
    return address


def name(value: object) -> str | None:
    """Return a person's given or family name."""
    return text(value, NAME_CHARACTERS)


def locale(value: object) -> str | None:
    """Return a BCP 47 language tag; some providers write an underscore."""
    tag = text(value, LOCALE_CHARACTERS)
    return tag.replace("_", "-") if tag and tag.replace("_", "-").replace("-", "").isalnum() else None


def amr(value: object) -> tuple[str, ...]:
    """Return authentication method references (RFC 8176)."""
    if not isinstance(value, list):
        return ()
    return tuple(reference for item in value[:AMR_VALUES] if (reference := text(item, 40)))
