"""The forms of registration."""

from identity.web.forms import LONGEST_NAME, PageForm, email_field, lazy_gettext, password_field, text_field


class SignUpForm(PageForm):
    """What "Create an account" asks for."""

    email = email_field(lazy_gettext("Email"))
    password = password_field(lazy_gettext("Password"))
    first_name = text_field(lazy_gettext("First name"), LONGEST_NAME)
    last_name = text_field(lazy_gettext("Last name"), LONGEST_NAME)


class ChoosePasswordForm(PageForm):
    """The password, where the mailed link opens in another browser than the one that signed up."""

    password = password_field(lazy_gettext("Password"))
