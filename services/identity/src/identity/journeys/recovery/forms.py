"""The forms of recovery."""

from identity.web.forms import BooleanField, PageForm, email_field, lazy_gettext, password_field


class ForgotPasswordForm(PageForm):
    """Which address forgot its password."""

    email = email_field(lazy_gettext("Email address"))


class UnlockAccountForm(PageForm):
    """Which address to unlock, labelled as these residents know it; the user name is the e-mail address."""

    email = email_field(lazy_gettext("Email or username"))


class ResetPasswordForm(PageForm):
    """The new password."""

    password = password_field(lazy_gettext("New password"))
    sign_out_others = BooleanField(lazy_gettext("Sign me out of all other devices."))
