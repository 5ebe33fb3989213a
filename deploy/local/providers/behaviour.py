"""The faults of a simulated provider, set by tests in process, or over HTTP with `POST /behaviour`."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

Fault = Literal["error", "slow", "drip", "html", "huge", "redirect", "deep"]
Signing = Literal["right", "foreign_key", "unknown_key", "no_key_id", "none", "hs256"]
HUGE_BYTES = 10 * 1024 * 1024


@dataclass(kw_only=True)
class Behaviour:
    """The faults of one simulated provider; none at the start."""

    # The fault of an endpoint (`discovery`, `token`, `keys`, `person`), and how many times it happens: always
    # without a number.
    faults: dict[str, Fault] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    # Seconds that `slow` waits, and that `drip` waits between two bytes.
    seconds: float = 1.0
    # Values that replace the right ones; None removes a value.
    claims: dict[str, Any] = field(default_factory=dict)
    callback: dict[str, str | None] = field(default_factory=dict)
    person: dict[str, Any] = field(default_factory=dict)
    token: dict[str, Any] = field(default_factory=dict)
    discovery: dict[str, Any] = field(default_factory=dict)
    # The same for each published key.
    key_values: dict[str, Any] = field(default_factory=dict)
    signing: Signing = "right"
    media_type: str | None = None
    # True to sign with a new key from now on; the old one is no longer published.
    rotate_keys: bool = False
    # The requests: their number at each endpoint, and the last form.
    calls: Counter[str] = field(default_factory=Counter)
    forms: dict[str, dict[str, str]] = field(default_factory=dict)
    # People who have consented before: Apple sends a name once.
    consented: set[str] = field(default_factory=set)

    def reset(self) -> None:
        """Remove every fault."""
        self.__dict__.update(Behaviour().__dict__)

    def update(self, values: Mapping[str, Any]) -> None:
        """Set several values; raises `KeyError` for an unknown name."""
        for name, value in values.items():
            if name not in self.__dict__ or name in ("calls", "forms", "consented"):
                raise KeyError(name)
            setattr(self, name, value)

    def fault_at(self, endpoint: str) -> Fault | None:
        """Return the fault of this request, None for none."""
        fault = self.faults.get(endpoint)
        if fault and endpoint in self.times:
            if self.times[endpoint] == 0:
                return None
            self.times[endpoint] -= 1
        return fault


def override(right: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `right` with the values of `over`; None removes a value."""
    return {name: value for name, value in {**right, **over}.items() if value is not None}


def inject_faults(app: Flask, behaviour: Behaviour) -> None:
    """Apply the faults to each endpoint of the app, and record its requests."""

    @app.before_request
    def before() -> AnyResponse | None:
        endpoint = str(request.endpoint)
        behaviour.calls[endpoint] += 1
        behaviour.forms[endpoint] = {**request.args.to_dict(), **request.form.to_dict()}
        fault = behaviour.fault_at(endpoint)
        if fault == "slow":
            time.sleep(behaviour.seconds)
        return _FAULTY_RESPONSES[fault](behaviour) if fault in _FAULTY_RESPONSES else None

    @app.after_request
    def after(response: Response) -> Response:
        if behaviour.token and request.endpoint == "token":
            response.set_data(json.dumps(override(response.get_json(), behaviour.token)))
        if behaviour.media_type and response.is_json:
            response.content_type = behaviour.media_type
        return response


def _drip(seconds: float) -> Iterator[bytes]:
    yield b"{"
    for _ in range(100):
        time.sleep(seconds)
        yield b" "
    yield b"}"


_FAULTY_RESPONSES: dict[str, Callable[[Behaviour], AnyResponse]] = {
    "error": lambda _: Response("<h1>500 That's an error.</h1>", 500),
    "html": lambda _: Response("<!doctype html><title>Maintenance</title><h1>We'll be back soon</h1>"),
    "huge": lambda _: Response(b'{"filler": "' + b"x" * HUGE_BYTES + b'"}', mimetype="application/json"),
    "deep": lambda _: Response("[" * 100_000, mimetype="application/json"),
    "drip": lambda behaviour: Response(_drip(behaviour.seconds), mimetype="application/json"),
    "redirect": lambda _: redirect(request.url, 307),
}
