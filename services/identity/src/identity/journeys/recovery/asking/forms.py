"""The forms of these pages."""

from identity.web.forms import PageForm, email_field, lazy_gettext


class ForgotPasswordForm(PageForm):
    """Which address forgot its password."""

    email = email_field(lazy_gettext("Email address"))


class UnlockAccountForm(PageForm):
    """Which address to unlock, labelled as these residents know it; the user name is the e-mail address."""

    email = email_field(lazy_gettext("Email or username"))
