"""The form that takes a mailed code."""

from identity.web.forms import PageForm, lazy_gettext, text_field

_LONGEST_CODE = 32


class CodeForm(PageForm):
    """The eight letters, in any case; blanks and dashes in between do not matter."""

    code = text_field(lazy_gettext("Code from the email"), _LONGEST_CODE)
