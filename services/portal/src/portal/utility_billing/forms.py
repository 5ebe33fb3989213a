"""The search form. It checks presence and length; billing_link reads the numbers."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Form, StringField
from wtforms.validators import DataRequired, Length

from portal.utility_billing.found_state import SearchNumbers

# Characters; billing_link.proto allows no more.
LONGEST = 64
BLANK = _l("This field cannot be left blank")
TOO_LONG = _l("This is longer than any number on a bill. Please type the number only.")


def _trimmed(value: str | None) -> str:
    return (value or "").strip()


class SearchForm(Form):
    """Account Number, Customer ID, Remember these values."""

    account_number = StringField(
        _l("Account Number"),
        filters=[_trimmed],
        validators=[DataRequired(BLANK), Length(max=LONGEST, message=TOO_LONG)],
    )
    customer_id = StringField(
        _l("Customer ID"),
        filters=[_trimmed],
        validators=[DataRequired(BLANK), Length(max=LONGEST, message=TOO_LONG)],
    )
    remember = BooleanField(_l("Remember these values"))

    def numbers(self) -> SearchNumbers:
        """Return both numbers as typed, without the spaces around them."""
        return SearchNumbers(self.account_number.data or "", self.customer_id.data or "")
