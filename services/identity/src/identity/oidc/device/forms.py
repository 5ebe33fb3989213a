"""The form of the page."""

from identity.web.forms import PageForm, lazy_gettext, text_field

_LONGEST_CODE = 32


class UserCodeForm(PageForm):
    """The code from the screen of the device."""

    user_code = text_field(lazy_gettext("Code"), _LONGEST_CODE)
