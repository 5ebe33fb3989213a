"""What the trusted proxies in front say of a request: the visitor's address and scheme.

`X-Forwarded-For` and `X-Forwarded-Proto` count, from the right: each proxy adds what it saw. `Forwarded`
(RFC 7239) does not count: of two headers that can disagree, one can be forged.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from werkzeug.http import parse_list_header
from werkzeug.middleware.proxy_fix import ProxyFix

from identity.clock import Clock
from identity.rate_limits.networks import read_address

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_log = structlog.get_logger(__name__)
# So that a wrong proxy does not fill the log.
_SAY_AGAIN_AFTER = timedelta(minutes=10)
_LONGEST_FORM = 60
# Load balancers open them directly.
_HEALTH = "/health/"


class TrustedProxies:
    """The WSGI application behind this many proxies. Logs, now and then, what a proxy leaves unreadable."""

    def __init__(self, application: "WSGIApplication", proxies: int, clock: Clock) -> None:
        self._application, self._proxies, self._clock = application, proxies, clock
        self._fixed = ProxyFix(self._checked, x_for=proxies, x_proto=proxies, x_host=0, x_port=0, x_prefix=0)
        self._said: dict[str, datetime] = {}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        return self._fixed(environ, start_response)

    def expire(self) -> None:
        """Forget what was said."""
        self._said.clear()

    def _checked(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        entries = parse_list_header(environ.get("HTTP_X_FORWARDED_FOR", ""))
        if len(entries) < self._proxies:
            if not environ["PATH_INFO"].startswith(_HEALTH):
                self._say("visitor.address_missing", entries=len(entries))
        elif read_address(entries[-self._proxies]) is None:
            self._say("visitor.address_unreadable", form=_form(entries[-self._proxies]))
        return self._application(environ, start_response)

    def _say(self, event: str, **facts: object) -> None:
        now = self._clock.now()
        if event in self._said and now - self._said[event] < _SAY_AGAIN_AFTER:
            return
        self._said[event] = now
        _log.warning(event, header="X-Forwarded-For", trusted_proxies=self._proxies, **facts)


def _form(text: str) -> str:
    """Return how the text is written, without what it says: `192.0.2.1 x` is `999.9.9.9 a`."""
    form = re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", text))
    return re.sub(r"[^ -~]", "?", form)[:_LONGEST_FORM]
