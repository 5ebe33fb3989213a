"""Texts that several pages share."""

from flask_babel import gettext, ngettext


def too_many_requests(seconds: int) -> str:
    """Return the text for a request over a limit, which may be sent again after so many seconds."""
    return str(
        ngettext(
            "You exceeded the maximum number of requests. Try again in %(num)s minute.",
            "You exceeded the maximum number of requests. Try again in %(num)s minutes.",
            -(-seconds // 60),
        )
    )


def too_busy() -> str:
    """Return the text for a form that came while too many others were under way."""
    return str(gettext("We are very busy right now. Wait ten seconds, then try again."))


def page_too_old() -> str:
    """Return the text for a form whose token has expired."""
    return str(gettext("This page was open for too long. Please send it again."))


def mailed_again() -> str:
    """Return the text after "Send it again", whether or not a mail was sent (`rate_limits.mail_budget`)."""
    return str(
        gettext(
            "We sent the email again, unless you had one a short while ago: the link in that one still works."
        )
    )


def mailed_a_moment_ago() -> str:
    """Return the text for a second "Send it again" within half a minute."""
    return str(gettext("We just sent it. You can ask for another one in 30 seconds."))


def address_verified() -> str:
    """Return the text of the sign-in page after an address was verified."""
    return str(gettext("Your email address is verified. Sign in to continue."))
