"""The normal form in which e-mail addresses are compared."""

import unicodedata

import idna

_MOST = 254


def email_key(address: str) -> str | None:
    """Return the address in normal form, or None for what is no address.

    The local part is compared without regard to case, the domain as IDNA writes it. Dots and `+tags` are
    kept: they tell different people apart with some providers, and a link to a stranger is the worst that can
    happen.
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
    return key if len(key) <= _MOST else None
