"""HTTP to providers: time limits, one retry, a bound on the answer's size, no redirects, JSON only."""

import io
import json
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ConnectTimeout, RequestException
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from identity.identity_providers.provider import ProviderRefusal, Refusal

JSON = frozenset({"application/json"})
_CHUNK_BYTES = 16 * 1024
_ATTEMPTS = 2
_SERVER_FAULT = 500
_TOO_MANY_REQUESTS = 429


@dataclass(frozen=True)
class Limits:
    """How long a provider may take, in seconds, and how much it may say, in bytes after decompression."""

    connect: float = 3.0
    # Between two pieces of an answer.
    silence: float = 5.0
    # One attempt as a whole, so that an answer that drips is cut off.
    whole: float = 8.0
    size: int = 256 * 1024


class BoundedAdapter(HTTPAdapter):
    """Sends requests within `Limits`. Every fault leaves it as `ProviderRefusal` (UNAVAILABLE).

    A GET is tried twice. A POST redeems a code, which the provider may have spent even if its answer was
    lost; so it is tried again only if the first attempt never reached the provider.
    """

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self._limits = limits

    def send(self, request: PreparedRequest, *_args: Any, **options: Any) -> Response:  # noqa: ANN401 - its
        """Send the request and return the whole answer."""
        options |= {"stream": True, "timeout": (self._limits.connect, self._limits.silence)}
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                answer = self._read(super().send(request, **options))
            except RequestException as error:
                if attempt == _ATTEMPTS or not _may_repeat(request, error):
                    raise _unavailable("no answer in time") from error
            else:
                faulty = answer.status_code >= _SERVER_FAULT
                if not faulty or attempt == _ATTEMPTS or request.method != "GET":
                    return _sensible(answer)
        raise AssertionError("the last attempt returns or raises")

    def _read(self, answer: Response) -> Response:
        deadline = time.monotonic() + self._limits.whole
        body = bytearray()
        try:
            while piece := answer.raw.read1(_CHUNK_BYTES, decode_content=True):
                body += piece
                if len(body) > self._limits.size:
                    raise _unavailable("the answer is too large")
                if time.monotonic() > deadline:
                    raise _unavailable("the answer took too long")
        except (HTTPError, OSError) as error:
            raise RequestsConnectionError(error) from error
        finally:
            answer.raw.close()
        headers = {k: v for k, v in answer.headers.items() if k.lower() != "content-encoding"}
        whole = HTTPResponse(
            body=io.BytesIO(bytes(body)), headers=headers, status=answer.status_code, preload_content=False
        )
        return self.build_response(answer.request, whole)


class ProviderHttp:
    """Makes sessions that keep to the limits, and fetches JSON objects with them."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()

    def bound(self, session: Session) -> None:
        """Make a session keep to the limits."""
        for scheme in ("https://", "http://"):
            session.mount(scheme, BoundedAdapter(self._limits))

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Response:
        """Return the answer to a GET; raises `ProviderRefusal` (UNAVAILABLE)."""
        with Session() as session:
            self.bound(session)
            try:
                return session.get(url, headers={"Accept": "application/json", **(headers or {})})
            except RequestException as error:
                raise _unavailable("the request could not be made") from error

    def get_object(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return the JSON object at `url`; raises `ProviderRefusal` (UNAVAILABLE)."""
        answer = self.get(url, headers)
        if not answer.ok:
            raise _unavailable(f"status {answer.status_code}")
        return json_object(answer)


def json_object(answer: Response, media_types: Collection[str] = JSON) -> dict[str, Any]:
    """Return the answer's JSON object; raises `ProviderRefusal` (UNAVAILABLE) for HTML and all else."""
    media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type not in media_types and not media_type.endswith("+json"):
        raise _unavailable("the answer is not JSON")
    try:
        value = json.loads(answer.content)
    except (ValueError, RecursionError) as error:
        raise _unavailable("the answer is not JSON") from error
    if not isinstance(value, dict):
        raise _unavailable("the answer is no JSON object")
    return value


def _sensible(answer: Response) -> Response:
    if answer.status_code >= _SERVER_FAULT or answer.status_code == _TOO_MANY_REQUESTS:
        raise _unavailable(f"status {answer.status_code}")
    if answer.is_redirect:
        raise _unavailable("a redirect where an answer was due")
    return answer


def _may_repeat(request: PreparedRequest, error: RequestException) -> bool:
    if request.method == "GET" or isinstance(error, ConnectTimeout):
        return True
    reason = error.args[0] if error.args else None
    return isinstance(reason, MaxRetryError) and isinstance(reason.reason, NewConnectionError)


def _unavailable(cause: str) -> ProviderRefusal:
    return ProviderRefusal(Refusal.UNAVAILABLE, cause)
