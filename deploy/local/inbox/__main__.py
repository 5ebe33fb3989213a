"""Runs the inbox: `INBOX_BIND` is the web page's host:port, `INBOX_SMTP_BIND` the mail server's."""

import logging
import os
import signal
from datetime import UTC, datetime
from types import FrameType

from werkzeug.serving import make_server

from deploy.local.inbox.mailbox import Mailbox
from deploy.local.inbox.pages import create_app
from deploy.local.inbox.smtp_server import MailHandler, start_smtp_server


def _address(variable: str, default: str) -> tuple[str, int]:
    host, _, port = os.environ.get(variable, default).rpartition(":")
    return host, int(port)


def main() -> None:
    """Receive and show mails until SIGTERM or SIGINT."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    mailbox = Mailbox()
    smtp_host, smtp_port = _address("INBOX_SMTP_BIND", "127.0.0.1:1025")
    smtp = start_smtp_server(
        MailHandler(mailbox, lambda: datetime.now(UTC).replace(microsecond=0)), smtp_host, smtp_port
    )
    web_host, web_port = _address("INBOX_BIND", "127.0.0.1:8025")
    web = make_server(web_host, web_port, create_app(mailbox), threaded=True)
    print(f"Inbox on http://{web_host}:{web_port}, mail on {smtp_host}:{smtp_port}", flush=True)

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        web.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        web.server_close()
        smtp.stop()


if __name__ == "__main__":
    main()
