"""Form fields and the checks of their shape, in the residents' words.

A form checks shape only: whether a password is right, or an address known, is decided by a journey's verb.
"""

import unicodedata
from collections.abc import Callable

from flask_babel import lazy_gettext
from wtforms import BooleanField, Field, Form, PasswordField, StringField
from wtforms.validators import StopValidation

from identity.residents.accounts.addresses import InvalidAddressError, parse

__all__ = ["BooleanField", "PageForm", "email_field", "lazy_gettext", "password_field", "text_field"]

LONGEST_EMAIL = 254
LONGEST_NAME = 100
# Above the policy's limit, whose own message is better, and far below what would be costly.
LONGEST_PASSWORD = 500


class PageForm(Form):
    """A form of a page, with the errors in the order of its fields."""

    def error_summary(self) -> list[tuple[str, str]]:
        """Return (field id, message) for each field at fault."""
        return [(field.id, str(message)) for field in self for message in field.errors[:1]]

    def refuse(self, field_name: str, messages: list[str]) -> None:
        """Add what a verb found wrong with one field."""
        self[field_name].errors = [*self[field_name].errors, *messages]


def email_field(label: str, **attributes: str) -> StringField:
    """Return a field for an e-mail address."""
    return StringField(
        label,
        [_required, _no_longer_than(LONGEST_EMAIL), _printable, _email_address],
        filters=[_strip],
        render_kw=attributes,
    )


def text_field(label: str, longest: int, **attributes: str) -> StringField:
    """Return a field for a line of text."""
    return StringField(
        label, [_required, _no_longer_than(longest), _printable], filters=[_strip], render_kw=attributes
    )


def password_field(label: str, **attributes: str) -> PasswordField:
    """Return a field for a password: never stripped, never shown again."""
    return PasswordField(
        label, [_required, _no_longer_than(LONGEST_PASSWORD), _printable], render_kw=attributes
    )


def _strip(value: str | None) -> str:
    return (value or "").strip()


def _required(_form: Form, field: Field) -> None:
    if not field.data:
        raise StopValidation(str(lazy_gettext("This field cannot be left blank")))


def _no_longer_than(longest: int) -> Callable[[Form, Field], None]:
    def check(_form: Form, field: Field) -> None:
        if len(field.data or "") > longest:
            message = lazy_gettext("This is too long. Use at most %(longest)s characters.", longest=longest)
            raise StopValidation(str(message))

    return check


def _printable(_form: Form, field: Field) -> None:
    """Refuse control, surrogate and unassigned characters; a name or password in any script passes."""
    if any(unicodedata.category(character) in ("Cc", "Cs", "Cn") for character in field.data or ""):
        raise StopValidation(str(lazy_gettext("This contains a character that cannot be used here.")))


def _email_address(_form: Form, field: Field) -> None:
    try:
        parse(field.data or "")
    except InvalidAddressError:
        raise StopValidation(str(lazy_gettext("This value is not a valid email address"))) from None
