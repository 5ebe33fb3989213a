"""The form of this page."""

from identity.web.forms import PageForm, lazy_gettext, text_field

_LONGEST_CODE = 32


class CodeForm(PageForm):
    """The code from the mail."""

    code = text_field(lazy_gettext("Code from the email"), _LONGEST_CODE)
