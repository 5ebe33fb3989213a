"""Form fields, and the checks of their shape with the product's texts.

A form checks shape only: whether a password is right, or an address known, is decided by a journey's verb.
Each field shows its first fault.
"""

import unicodedata

from flask_babel import lazy_gettext
from wtforms import BooleanField, Field, Form, PasswordField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from identity.residents.accounts.addresses import LONGEST as LONGEST_EMAIL
from identity.residents.accounts.addresses import Address, InvalidAddressError, parse

__all__ = ["BooleanField", "PageForm", "email_field", "lazy_gettext", "password_field", "text_field"]

LONGEST_NAME = 100
# Above the policy's limit, whose own message is better, and far below what would be costly.
LONGEST_PASSWORD = 500
_BLANK = lazy_gettext("This field cannot be left blank")


class PageForm(Form):
    """A form of a page, with the errors in the order of its fields."""

    def error_summary(self) -> list[tuple[str, str]]:
        """Return (field id, message) for each field at fault."""
        return [(field.id, str(message)) for field in self for message in field.errors[:1]]

    def refuse(self, field_name: str, messages: list[str]) -> None:
        """Add what a verb found wrong with one field."""
        self[field_name].errors = [*self[field_name].errors, *messages]


class EmailField(StringField):
    """A field for an e-mail address."""

    # Of a form that is valid: what was typed is read once.
    address: Address


def email_field(label: str) -> EmailField:
    """Return a field for an e-mail address."""
    return EmailField(
        label,
        [DataRequired(_BLANK), _no_longer_than(LONGEST_EMAIL), _is_printable, _is_email_address],
        filters=[_strip],
    )


def text_field(label: str, longest: int) -> StringField:
    """Return a field for a line of text of up to `longest` characters."""
    return StringField(
        label,
        [DataRequired(_BLANK), _no_longer_than(longest), _is_printable],
        filters=[_strip],
    )


def password_field(label: str) -> PasswordField:
    """Return a field for a password: as typed, never shown again."""
    return PasswordField(
        label,
        # Blanks are characters of a password like any other, which `DataRequired` would not see.
        [InputRequired(_BLANK), _no_longer_than(LONGEST_PASSWORD), _is_printable_inside],
    )


def _strip(value: str | None) -> str:
    return (value or "").strip()


def _no_longer_than(longest: int) -> Length:
    message = lazy_gettext("This is too long. Use at most %(longest)s characters.", longest=longest)
    return Length(max=longest, message=message)


def _is_printable(_form: Form, field: Field) -> None:
    """Refuse control, surrogate and unassigned characters; a name or password in any script passes."""
    if field.errors:
        return
    _refuse_unprintable(field.data or "")


def _is_printable_inside(_form: Form, field: Field) -> None:
    """Refuse the same, except at either end: a tab that was pasted along does not count in a password."""
    if not field.errors:
        _refuse_unprintable((field.data or "").strip())


def _refuse_unprintable(text: str) -> None:
    if any(unicodedata.category(character) in ("Cc", "Cs", "Cn") for character in text):
        raise ValidationError(lazy_gettext("This contains a character that cannot be used here."))


def _is_email_address(_form: Form, field: EmailField) -> None:
    """Refuse what `residents.accounts` cannot read: the same reading as when the address is used."""
    if field.errors:
        return
    try:
        field.address = parse(field.data or "")
    except InvalidAddressError:
        raise ValidationError(lazy_gettext("This value is not a valid email address")) from None
