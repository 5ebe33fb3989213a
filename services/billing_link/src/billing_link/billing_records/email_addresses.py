"""The normal form in which e-mail addresses are compared."""

import unicodedata

import idna

# Characters of an address (RFC 5321 §4.5.3.1.3, without the angle brackets).
_LONGEST = 254


def email_key(address: str) -> str | None:
    """Return the address in normal form, or None if the text is not an address.

    The local part is compared without regard to case, the domain in its IDNA form (UTS 46). Dots and `+tags`
    are kept: at some providers they distinguish people, and a link to a stranger must not happen.
    """
    local, at, domain = unicodedata.normalize("NFKC", address).strip().rpartition("@")
    if not at or not local or not domain or any(c.isspace() or not c.isprintable() for c in local):
        return None
    try:
        domain = idna.encode(domain, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return None
    if "." not in domain and domain != "localhost":
        return None
    key = f"{local.casefold()}@{domain.lower()}"
    return key if len(key) <= _LONGEST else None
