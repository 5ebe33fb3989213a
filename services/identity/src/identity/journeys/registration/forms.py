"""The forms of registration."""

from identity.web.forms import LONGEST_NAME, PageForm, email_field, lazy_gettext, password_field, text_field

_LONGEST_CODE = 32


class SignUpForm(PageForm):
    """What "Create an account" asks for."""

    email = email_field(lazy_gettext("Email"))
    password = password_field(lazy_gettext("Password"))
    first_name = text_field(lazy_gettext("First name"), LONGEST_NAME)
    last_name = text_field(lazy_gettext("Last name"), LONGEST_NAME)


class CodeForm(PageForm):
    """The code from the mail."""

    code = text_field(lazy_gettext("Code from the email"), _LONGEST_CODE)


class ChoosePasswordForm(PageForm):
    """The password, in a browser that did not ask for the mail."""

    password = password_field(lazy_gettext("Password"))
