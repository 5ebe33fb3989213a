"""Admission: how many requests of a process are worked on at a time, so that none keeps the others out.

A form that sets or checks a password costs an Argon2id hash, and anyone may send one. Such forms take turns:
few run, more wait, and all others are answered at once that the service is busy, before any statement, so
that no limit and no lockout counts them. Each network has its share of the places, and so has a browser with
which the typed address has signed in before. All other requests run beside them, in threads of their own.
"""

import time
from collections.abc import Callable, Iterable
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug import Request
from werkzeug.exceptions import HTTPException

from identity.rate_limits.networks import network_of
from identity.residents.accounts.addresses import InvalidAddressError, parse
from identity.turns import Turns
from identity.web.busy_pages import BusyPages
from identity.web.devices import Devices
from identity.web.visitor import visitor_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# Requests that the web server works on at a time, but for those that are apart: with forms that run they need
# no more connections than an engine has (`storage.POOL_SIZE`).
AT_ONCE = 8
# Forms with passwords that wait for a turn, and for how long at most: a hash takes 20 to 40 ms.
WAITING, WAIT_SECONDS = 22, 5.0
# Forms are refused one by one, with a pause after each: the interpreter is free for other requests, and a
# sender that comes again at once gets less of it.
_PAUSE_SECONDS = 0.001
# Threads of a process for requests that are apart, made when they are needed: for forms that run, wait, and
# are refused.
THREADS = WAITING + 278
# By the address: the customers of a provider that hands out neighbouring ones do not share places.
_IPV4_PREFIX = 32
_LARGEST_FORM = 64 * 1024
_FORM = "application/x-www-form-urlencoded"
# Load balancers ask these, whatever else is under way.
_HEALTH = "/health/"


class Admission:
    """The WSGI application, whose requests are admitted first."""

    def __init__(
        self,
        app: Flask,
        *,
        turns: Turns,
        busy_pages: BusyPages,
        devices: Devices,
        refused: Callable[[], None],
    ) -> None:
        """`refused` is called for each form that gets no turn, to count it."""
        self._app, self._application = app, app.wsgi_app
        self._turns, self._busy_pages, self._devices = turns, busy_pages, devices
        self._refused = refused
        self._refusing = Lock()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        if not self._has_turns(environ["REQUEST_METHOD"], environ["PATH_INFO"]):
            return self._application(environ, start_response)
        if _is_form(environ):
            return self._take_turn(environ, start_response)
        # Refused without a hash, one by one: in threads apart no other bound holds.
        with self._refusing:
            return self._application(environ, start_response)

    def is_apart(self, method: str, path: str) -> bool:
        """Tell whether a request is answered however many others are worked on."""
        return path.startswith(_HEALTH) or self._has_turns(method, path)

    def _has_turns(self, method: str, path: str) -> bool:
        return method == "POST" and path in self._busy_pages.paths

    def _take_turn(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = _read(environ)
        network = network_of(visitor_of(request).ip_address, ipv4_prefix=_IPV4_PREFIX)
        device = self._device(request)
        with self._turns.turn(device or network, is_known=device is not None) as is_admitted:
            if is_admitted:
                return self._application(environ, start_response)
        self._refused()
        with self._refusing:
            time.sleep(_PAUSE_SECONDS)
            return self._busy_pages.render(self._app, request, _typed(request))(environ, start_response)

    def _device(self, request: Request) -> str | None:
        # Most of what strangers send needs no second reading.
        if not self._devices.are_named_by(request.cookies):
            return None
        typed = _typed(request)
        try:
            return self._devices.known_by(
                request.cookies, parse(typed.get("email") or typed.get("username") or "").key
            )
        except InvalidAddressError:
            return None


def _is_form(environ: "WSGIEnvironment") -> bool:
    """Tell whether a form may be in the body; all else is refused by the application, without a hash."""
    length = environ.get("CONTENT_LENGTH") or "0"
    return length.isdecimal() and int(length) <= _LARGEST_FORM


def _read(environ: "WSGIEnvironment") -> Request:
    """Return the request. Its body is read whole, before it can hold a turn."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or "0"))
    environ["wsgi.input"] = BytesIO(body)
    return Request({**environ, "wsgi.input": BytesIO(body)})


def _typed(request: Request) -> dict[str, str]:
    """Return what is in its form."""
    if request.mimetype != _FORM:
        return {}
    try:
        return request.form.to_dict()
    except HTTPException:
        return {}
