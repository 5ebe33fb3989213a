"""What several pages say in the same words."""

from flask_babel import gettext


def too_many_requests() -> str:
    """Return what somebody reads who is over a limit."""
    return str(gettext("You exceeded the maximum number of requests. Try again in a while."))


def page_too_old() -> str:
    """Return what somebody reads whose form came back too late."""
    return str(gettext("This page was open for too long. Please send it again."))


def mailed_a_moment_ago() -> str:
    """Return what somebody reads who asks for the same mail twice at once."""
    return str(gettext("The email was sent a moment ago. Wait half a minute before the next."))


def address_verified() -> str:
    """Return what the sign-in page says to somebody who has just verified their address."""
    return str(gettext("Your email address is verified. Sign in to continue."))
