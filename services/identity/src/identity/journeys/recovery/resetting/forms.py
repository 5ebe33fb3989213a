"""The form of this page."""

from identity.web.forms import BooleanField, PageForm, lazy_gettext, password_field


class ResetPasswordForm(PageForm):
    """The new password."""

    password = password_field(lazy_gettext("New password"))
    sign_out_others = BooleanField(lazy_gettext("Sign me out of all other devices."))
