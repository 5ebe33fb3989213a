"""Texts that several pages share."""

from flask_babel import gettext


def too_many_requests() -> str:
    """Return the text for a request over a limit."""
    return str(gettext("You exceeded the maximum number of requests. Try again in a while."))


def too_busy() -> str:
    """Return the text for a form that came while too many others were under way."""
    return str(gettext("We are very busy right now. Wait ten seconds, then try again."))


def page_too_old() -> str:
    """Return the text for a form whose token has expired."""
    return str(gettext("This page was open for too long. Please send it again."))


def mailed_a_moment_ago() -> str:
    """Return the text for a second "Send it again" within half a minute."""
    return str(gettext("We just sent it. You can ask for another one in 30 seconds."))


def address_verified() -> str:
    """Return the text of the sign-in page after an address was verified."""
    return str(gettext("Your email address is verified. Sign in to continue."))
