"""Redirect loops: a website that sends its signed-in residents back to `/authorize` at once, over and over.

Such a website cannot keep its own session (its cookies, its clock, its secret). Browsers stop after some
twenty redirects with an error page of theirs; identity stops earlier with a page that explains. A cookie
counts the redirects.
"""

import re
from dataclasses import dataclass
from datetime import datetime

COOKIE = "trips"
MOST = 6
WITHIN_SECONDS = 10

_FORM = re.compile(r"([A-Za-z0-9_-]{1,64})~([0-9]{1,2})~([0-9]{1,12})")


@dataclass(frozen=True)
class LoopCounter:
    """How often the browser was redirected to a client without a page in between."""

    client_id: str
    count: int
    since: int

    @property
    def is_loop(self) -> bool:
        """Whether there are more redirects than a resident causes by hand."""
        return self.count > MOST

    def cookie(self) -> str:
        """Return the cookie's value."""
        return f"{self.client_id}~{min(self.count, 99)}~{self.since}"


def count_redirect(cookie: str | None, client_id: str, now: datetime) -> LoopCounter:
    """Return the count with this redirect, of those to this client within `WITHIN_SECONDS`."""
    moment = int(now.timestamp())
    match = _FORM.fullmatch(cookie or "")
    if match and match[1] == client_id and 0 <= moment - int(match[3]) < WITHIN_SECONDS:
        return LoopCounter(client_id, int(match[2]) + 1, int(match[3]))
    return LoopCounter(client_id, 1, moment)
