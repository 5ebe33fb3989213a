"""The forms of signing in with a provider."""

from identity.web.forms import LONGEST_NAME, PageForm, email_field, lazy_gettext, text_field

_LONGEST_CODE = 32


class NamesForm(PageForm):
    """What is asked where the provider has proved the address."""

    first_name = text_field(lazy_gettext("First name"), LONGEST_NAME)
    last_name = text_field(lazy_gettext("Last name"), LONGEST_NAME)


class EverythingForm(NamesForm):
    """What is asked where it has not."""

    email = email_field(lazy_gettext("Email"))


class CodeForm(PageForm):
    """The code from the mail."""

    code = text_field(lazy_gettext("Code from the email"), _LONGEST_CODE)


class NewAddressForm(PageForm):
    """The code from the mail to the new address."""

    code = text_field(lazy_gettext("Code from the email"), _LONGEST_CODE)
