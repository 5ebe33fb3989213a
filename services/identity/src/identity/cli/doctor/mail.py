"""The mail server: reached, encrypted and signed in to as the worker does; no mail is sent."""

import smtplib
import ssl
from collections.abc import Iterator
from datetime import datetime
from email.utils import parseaddr

from identity.cli.doctor.certificates import examine_end
from identity.cli.doctor.connections import Unreached, reach, unverified
from identity.cli.doctor.findings import Finding, Verdict
from identity.config import Settings
from identity.mail import smtp

_CHECK, _SETTING, _CA_FILE = "mail server", "IDENTITY_SMTP_URL", "IDENTITY_CA_FILE"


def examine_mail_server(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Yield what is to be said of the mail server and of the sender's address."""
    server = smtp.configuration(settings.smtp_url.get_secret_value())
    host, port = str(server["MAIL_SERVER"]), int(str(server["MAIL_PORT"]))
    reached = reach(host, port, settings.authorities.tls if server["MAIL_USE_SSL"] else None)
    if isinstance(reached, Unreached):
        detail = f"cannot be reached: {reached.detail}"
        yield Finding(_CHECK, Verdict.BAD, detail, reached.fix(_SETTING, _CA_FILE))
        return
    yield _greet(settings, f"{host}:{port}")
    yield from examine_end(_CHECK, reached.certificate_ends, now)
    if settings.served_over_https and parseaddr(settings.mail_sender)[1].endswith("@localhost"):
        fix = "set IDENTITY_MAIL_SENDER to an address of your domain, with SPF and DKIM for this server"
        yield Finding("mail sender", Verdict.BAD, "mails come from an address at localhost", fix)


def _greet(settings: Settings, address: str) -> Finding:
    """Open a session as the worker does, and end it."""
    try:
        smtp.SmtpTransport(settings.smtp_url.get_secret_value(), settings.authorities).try_session()
    except (OSError, smtplib.SMTPException) as error:
        return Finding(_CHECK, Verdict.BAD, *_words_for(error, address))
    return Finding(_CHECK, Verdict.GOOD, f"{address} answers, and takes what {_SETTING} says")


def _words_for(error: OSError | smtplib.SMTPException, address: str) -> tuple[str, str]:
    """Return what went wrong, and how to fix it. The server's own words may quote a user's name."""
    host, _, port = address.rpartition(":")
    # smtplib says of an answer that does not come that the connection was closed.
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        fix = f"write smtps:// in {_SETTING} if this port begins with TLS; else look at the firewall"
        return f"{address} takes connections and says nothing", fix
    match error:
        case ssl.SSLCertVerificationError():
            refused = unverified(host, int(port), error)
            return refused.detail, refused.fix(_SETTING, _CA_FILE)
        case smtplib.SMTPAuthenticationError():
            return f"refuses the user name or password ({error.smtp_code})", f"correct them in {_SETTING}"
        case smtplib.SMTPNotSupportedError():
            detail = f"{address} offers no STARTTLS, or no sign-in that we know"
            return detail, f"write smtps:// in {_SETTING} for a port that begins with TLS, such as 465"
        case smtplib.SMTPResponseException():
            return f"{address} answers {error.smtp_code}", "look at its log: it may not serve this machine"
        case _:
            fix = f"check port and scheme in {_SETTING}, and what stands in between"
            return f"{address} ends the session ({type(error).__name__})", fix
