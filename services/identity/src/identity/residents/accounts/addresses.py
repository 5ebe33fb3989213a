"""E-mail addresses: as typed, and in the one form in which two of them are the same."""

from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

# RFC 5321 §4.5.3.1.3: a path of 256 octets, less its angle brackets.
LONGEST = 254


class InvalidAddressError(Exception):
    """What was typed is not an e-mail address that mail can be sent to."""


@dataclass(frozen=True)
class Address:
    """One e-mail address. Personal data."""

    # As typed, for display and for mail; the domain in lower case.
    display: str
    # For comparing: A to Z in lower case, the domain in its ASCII form (IDNA 2008). Dots and `+tags` count:
    # where they name another mailbox, folding them would give one person's account to another.
    key: str


def parse(text: str) -> Address:
    """Read what a person typed, or a provider sent; raises `InvalidAddressError`.

    Blanks around the address are dropped. A local part outside ASCII is refused: few servers of cities
    deliver to it (RFC 6531), and to take its letters for others (`straße@` for `strasse@`) would take one
    person's address for another's. Whether the domain exists is not asked.
    """
    typed = text.strip()
    if len(typed) > LONGEST or not typed.partition("@")[0].isascii():
        raise InvalidAddressError
    try:
        valid = validate_email(
            typed,
            check_deliverability=False,
            allow_smtputf8=False,
            allow_quoted_local=False,
            strict=True,
        )
    except EmailNotValidError:
        raise InvalidAddressError from None
    # Both parts are ASCII here.
    return Address(display=valid.normalized, key=f"{valid.local_part.lower()}@{valid.ascii_domain.lower()}")
