"""The forms of signing in with a provider."""

from identity.web.forms import LONGEST_NAME, PageForm, email_field, lazy_gettext, text_field


class NamesForm(PageForm):
    """What is missing where the provider verified the address."""

    first_name = text_field(lazy_gettext("First name"), LONGEST_NAME)
    last_name = text_field(lazy_gettext("Last name"), LONGEST_NAME)


class NamesAndEmailForm(NamesForm):
    """What is missing where it did not."""

    email = email_field(lazy_gettext("Email"))
