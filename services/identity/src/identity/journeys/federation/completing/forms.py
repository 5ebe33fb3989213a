"""The form of this page."""

from identity.web.forms import LONGEST_NAME, PageForm, email_field, lazy_gettext, text_field


class NamesForm(PageForm):
    """What is asked where the provider has proved the address."""

    first_name = text_field(lazy_gettext("First name"), LONGEST_NAME)
    last_name = text_field(lazy_gettext("Last name"), LONGEST_NAME)


class EverythingForm(NamesForm):
    """What is asked where it has not."""

    email = email_field(lazy_gettext("Email"))
