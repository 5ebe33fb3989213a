"""The form of this page."""

from identity.web.forms import PageForm, lazy_gettext, password_field


class ChoosePasswordForm(PageForm):
    """The password, in a browser that did not ask for the mail."""

    password = password_field(lazy_gettext("Password"))
