"""The form of this journey."""

from identity.web.forms import BooleanField, PageForm, email_field, lazy_gettext, password_field


class SignInForm(PageForm):
    """The sign-in form, labelled as in the resident guide."""

    email = email_field(lazy_gettext("Email address"))
    password = password_field(lazy_gettext("Password"))
    remember_me = BooleanField(lazy_gettext("Remember me"))
