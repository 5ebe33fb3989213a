"""The form for the user code."""

from identity.web.forms import PageForm, lazy_gettext, text_field

_LONGEST_CODE = 32


class UserCodeForm(PageForm):
    """The user code from the screen of the device (RFC 8628 §6.1)."""

    user_code = text_field(lazy_gettext("Code"), _LONGEST_CODE)
