"""Distinguished names of client certificates, as RFC 4514 writes them."""

from cryptography.x509 import Name

LONGEST = 512


def problem_with(text: str) -> str | None:
    """Return what is wrong with a subject's name (RFC 4514), in an operator's words, or None."""
    if len(text) > LONGEST:
        return f"is longer than {LONGEST} characters"
    try:
        name = Name.from_rfc4514_string(text)
    except ValueError:
        name = Name([])
    if not list(name):
        return "is not a distinguished name, such as CN=website,O=City of Example,C=US"
    return None


def is_same(text: str, name: Name) -> bool:
    """Tell whether a certificate's subject is the registered one (RFC 8705 §2.1.2)."""
    return bool(text) and Name.from_rfc4514_string(text) == name
