"""Reads one e-mail address, in the form in which two of them are the same.

Identity reads addresses in the same way (`identity.residents.accounts.addresses`), since an auto-link
compares its verified address with the city's records; `tests/email_addresses.json` tests both.
"""

import re
import unicodedata
from enum import StrEnum

from email_validator import EmailNotValidError, validate_email

# Characters of an address (RFC 5321 §4.5.3.1.3, without the angle brackets).
_LONGEST = 254
_SEPARATORS = re.compile(r"[;,/|\s]+")


class AddressFault(StrEnum):
    """Why a text is not one e-mail address: what is wrong, and what to do, for an operator."""

    TWO = "give one address; two stand here"
    MAILTO = "leave out 'mailto:'; give the address alone"
    NAME = "leave out the name and < >; give the address alone"
    COMMENT = "leave out what stands in parentheses; give the address alone"
    QUOTES = "leave out the quotation marks; give the address alone"
    LAST_MARK = "leave out the mark at its end"
    TWO_SIGNS = "two @ stand here; an address has one"
    NO_SIGN = "it has no @; give an address such as name@example.com"
    BLANK = "a blank stands in it; give one address such as name@example.com"
    INVISIBLE = "an invisible character stands in it; type it again"
    OTHER_LETTERS = "it has letters of another width or form; type it again with ordinary ones"
    NO_DOT = "the part after the @ has no dot; give an address such as name@example.com"
    TOO_LONG = "it is longer than 254 characters"
    NO_ADDRESS = "it is not an e-mail address such as name@example.com"


class InvalidAddressError(ValueError):
    """The text is not one e-mail address."""

    def __init__(self, fault: AddressFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def email_key(text: str) -> str:
    """Return the address in the form for comparing; raises `InvalidAddressError`.

    The local part is compared exactly but for the case of A to Z: to fold more would take one person's
    address for another's (`straße@`, `strasse@`). The domain is compared in its ASCII form (IDNA 2008). Dots
    and `+tags` are kept: at some providers they distinguish people. Blanks around the address are dropped.
    """
    address = text.strip()
    if fault := _fault(address):
        raise InvalidAddressError(fault)
    try:
        valid = validate_email(
            address, check_deliverability=False, allow_smtputf8=True, allow_quoted_local=False, strict=True
        )
    except EmailNotValidError:
        domain = address.rpartition("@")[2]
        fault = AddressFault.NO_ADDRESS if "." in domain else AddressFault.NO_DOT
        raise InvalidAddressError(fault) from None
    return f"{_ascii_lower(valid.local_part)}@{_ascii_lower(valid.ascii_domain)}"


def key_of(verified_email: str) -> str | None:
    """Return the form for comparing, or None if the text is empty or not one address."""
    try:
        return email_key(verified_email)
    except InvalidAddressError:
        return None


def _fault(address: str) -> AddressFault | None:
    """Return a fault that an operator can be told more about than that the text is no address."""
    local, sign, _ = address.rpartition("@")
    faults = {
        AddressFault.TOO_LONG: len(address) > _LONGEST,
        AddressFault.TWO: sum("@" in part for part in _SEPARATORS.split(address)) > 1,
        AddressFault.MAILTO: address[:7].lower() == "mailto:",
        AddressFault.NAME: "<" in address or ">" in address,
        AddressFault.QUOTES: '"' in address,
        AddressFault.COMMENT: "(" in address or ")" in address,
        AddressFault.LAST_MARK: address.endswith((".", ",", ";", ":")),
        AddressFault.TWO_SIGNS: "@" in local,
        AddressFault.BLANK: any(character.isspace() for character in address),
        AddressFault.INVISIBLE: not address.isprintable(),
        AddressFault.OTHER_LETTERS: not _is_composed(local if sign else address),
        AddressFault.NO_SIGN: not sign,
    }
    return next((fault for fault, is_found in faults.items() if is_found), None)


def _is_composed(text: str) -> bool:
    """Tell whether no letter is a compatibility form of others, such as a full-width one."""
    return unicodedata.normalize("NFKC", text) == text


def _ascii_lower(text: str) -> str:
    """Return the text with A to Z in lower case, and every other letter as it is."""
    return text.encode().lower().decode()
