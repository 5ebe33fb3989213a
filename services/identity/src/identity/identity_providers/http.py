"""HTTP to providers: within limits, with one retry, and JSON objects only."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from identity.circuit_breaker import CircuitBreaker, NotAdmittedError
from identity.egress import DIRECT, Egress
from identity.identity_providers.provider import ProviderRefusal, Refusal
from identity.json_text import JsonRefusedError, read_json_object, with_replacements
from identity.outbound_http import HttpResponse, Limits, NotConnectedError, OutboundHttp, OutboundHttpError

LIMITS = Limits(connect=3.0, read=5.0, total=8.0, size=256 * 1024)
# Of the requests that a process works on at a time (`web.admission`), so many may wait for one provider.
CALLS_AT_ONCE = 3
JSON = frozenset({"application/json"})
_REDIRECTED = 300
_CLIENT_FAULT = 400
_TOO_MANY_REQUESTS = 429
_SERVER_FAULT = 500


@dataclass(frozen=True)
class JsonResponse:
    """A provider's JSON object, which may hold personal data and tokens, with a status of 2xx or 4xx."""

    is_ok: bool
    content: Mapping[str, object] = field(repr=False)


class ProviderHttp:
    """Sends requests to providers. Every fault leaves it as `ProviderRefusal` (UNAVAILABLE).

    Few requests to one host run at a time; while it does not answer, others to it are refused at once.
    """

    def __init__(self, limits: Limits = LIMITS, egress: Egress = DIRECT) -> None:
        self._http, self._limits = OutboundHttp(limits, egress), limits
        # By host: as many as the providers' own documents name.
        self._breakers: dict[str, CircuitBreaker] = {}

    def expire(self) -> None:
        """Forget which hosts did not answer."""
        self._breakers.clear()

    def get(
        self, url: str, headers: Mapping[str, str] | None = None, media_types: Collection[str] = JSON
    ) -> JsonResponse:
        """Return the response to a GET, which is sent twice if it soon fails the first time."""
        with unavailable_if_it_fails():
            return _json_response(self._get_twice(url, headers or {}), media_types)

    def get_object(self, url: str, headers: Mapping[str, str] | None = None) -> Mapping[str, object]:
        """Return the JSON object at `url`."""
        with unavailable_if_it_fails():
            return self.fetch_object(url, headers)

    def fetch_object(self, url: str, headers: Mapping[str, str] | None = None) -> Mapping[str, object]:
        """Return the JSON object at `url`; raises `OutboundHttpError` instead of `ProviderRefusal`."""
        response = self._get_twice(url, headers or {})
        if response.status >= _CLIENT_FAULT:
            raise OutboundHttpError(f"status {response.status}")
        return _json_response(response, JSON).content

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], media_types: Collection[str] = JSON
    ) -> JsonResponse:
        """Return the response to a POST.

        It redeems a code, which the provider may have spent even if its response was lost. So it is sent a
        second time only if the provider did not get the first one.
        """
        with unavailable_if_it_fails():
            try:
                response = self._post(url, body, headers)
            except NotConnectedError:
                response = self._post(url, body, headers)
            return _json_response(response, media_types)

    def _get(self, url: str, headers: Mapping[str, str]) -> HttpResponse:
        return self._in_turn(url, lambda: self._http.get(url, headers))

    def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> HttpResponse:
        return self._in_turn(url, lambda: self._http.post(url, body, headers))

    def _in_turn(self, url: str, send: Callable[[], HttpResponse]) -> HttpResponse:
        breaker = self._breakers.setdefault(urlsplit(url).netloc, CircuitBreaker(CALLS_AT_ONCE))
        try:
            with breaker.call() as call:
                response = send()
                call.answered = True
                return response
        except NotAdmittedError as refused:
            raise OutboundHttpError(str(refused)) from None

    def _get_twice(self, url: str, headers: Mapping[str, str]) -> HttpResponse:
        accept = {"Accept": "application/json", **headers}
        began = time.monotonic()
        try:
            response = self._get(url, accept)
        except OutboundHttpError:
            # A resident waits, and a thread with them.
            if time.monotonic() - began > self._limits.total / 2:
                raise
            return self._get(url, accept)
        return self._get(url, accept) if response.status >= _SERVER_FAULT else response


@contextmanager
def unavailable_if_it_fails() -> Iterator[None]:
    """Turn `OutboundHttpError` into `ProviderRefusal` (UNAVAILABLE)."""
    try:
        yield
    except OutboundHttpError as error:
        raise ProviderRefusal(Refusal.UNAVAILABLE, str(error)) from error


def _json_response(response: HttpResponse, media_types: Collection[str]) -> JsonResponse:
    status = response.status
    if status >= _SERVER_FAULT or status == _TOO_MANY_REQUESTS:
        raise OutboundHttpError(f"status {status}")
    if _REDIRECTED <= status < _CLIENT_FAULT:
        raise OutboundHttpError("a redirect where an answer was due")
    if response.media_type not in media_types and not response.media_type.endswith("+json"):
        raise OutboundHttpError("the answer is not JSON")
    try:
        content = read_json_object(with_replacements(response.body))
    except JsonRefusedError as error:
        raise OutboundHttpError(f"the answer {error}") from None
    return JsonResponse(status < _CLIENT_FAULT, content)
