"""The search form: shape only. What the numbers mean is billing_link's to say."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Form, StringField
from wtforms.validators import DataRequired, Length

from portal.utility_billing.search import LONGEST, Typed

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

    def typed(self) -> Typed:
        """Return what was typed."""
        return Typed(self.account_number.data or "", self.customer_id.data or "", bool(self.remember.data))
