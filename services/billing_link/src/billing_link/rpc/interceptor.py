"""Wraps every call: deadline, authentication, one status for every error, one line in the log.

Health and reflection need no token and hold no data of residents. Health has a thread of its own: it answers
however many calls wait.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

import grpc
import structlog
from community_access.billing_link.v1 import billing_link_pb2 as pb

from billing_link import randomness
from billing_link.errors import Refusal, Refused, UnavailableError, UnstorableTextError, where
from billing_link.rpc import deadlines
from billing_link.rpc.authentication import authenticate
from billing_link.rpc.call_threads import CallThreads, on_own_thread
from billing_link.rpc.error_status import RefusedError, code_of, status_of
from billing_link.tokens.caller import Caller
from billing_link.tokens.verifier import Verifier

SERVICE = pb.DESCRIPTOR.services_by_name["BillingLinkService"].full_name
_PREFIX = f"/{SERVICE}/"
_HEALTH_CHECK = "/grpc.health.v1.Health/Check"

log = structlog.get_logger()

# Quoted: only grpc's published types take parameters, not its classes.
_Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
_Behavior = Callable[[Any, grpc.ServicerContext], Any]


class CallInterceptor(grpc.ServerInterceptor):
    """Wraps the methods of BillingLinkService; refuses their calls at once while too many wait."""

    def __init__(self, verifier: Verifier, threads: CallThreads) -> None:
        self._verifier, self._threads = verifier, threads
        self._wrapped: dict[str, _Handler] = {}
        self._health_threads = ThreadPoolExecutor(1, thread_name_prefix="health-check")
        # Reads nothing of a request, so that a refusal costs little.
        refuse = on_own_thread(_refuse_full, ThreadPoolExecutor(1, thread_name_prefix="refusal"))
        self._refusal: _Handler = grpc.unary_unary_rpc_method_handler(refuse)

    def intercept_service(
        self,
        continuation: "Callable[[grpc.HandlerCallDetails], _Handler | None]",
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "_Handler | None":
        """Return the wrapped handler of a method; each is wrapped once."""
        method = handler_call_details.method
        if self._threads.is_full and method.startswith(_PREFIX):
            return self._refusal
        if wrapped := self._wrapped.get(method):
            return wrapped
        handler = continuation(handler_call_details)
        if handler is None or not (method.startswith(_PREFIX) or method == _HEALTH_CHECK):
            return handler
        assert handler.unary_unary is not None, "the contract has unary calls only"  # noqa: S101 - narrows a type
        self._wrapped[method] = grpc.unary_unary_rpc_method_handler(
            on_own_thread(handler.unary_unary, self._health_threads)
            if method == _HEALTH_CHECK
            else self._wrap(method.removeprefix(_PREFIX), handler.unary_unary),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )
        return self._wrapped[method]

    def _wrap(self, method: str, behavior: _Behavior) -> _Behavior:
        def call(request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - grpc types handlers by message
            began = time.perf_counter()
            if deadlines.has_passed(context):
                context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "The deadline has passed.")
            caller: Caller | None = None
            try:
                caller = authenticate(context.invocation_metadata(), self._verifier)
                response = behavior(request, context)
            except Exception as error:  # noqa: BLE001 - every error becomes a status here
                refused = _refused(error, method)
            else:
                _log(method, "OK", "", caller, began)
                return response
            _log(method, code_of(refused.reason).name, refused.reason.value, caller, began)
            return context.abort_with_status(status_of(refused))

        return call


def _refuse_full(_request: bytes, context: grpc.ServicerContext) -> bytes:
    context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "Too many calls wait; try again later.")
    raise AssertionError("abort raises")


def _refused(error: Exception, method: str) -> Refused:
    """Return the refusal for an error; an unexpected error is logged under a support code."""
    if isinstance(error, RefusedError):
        return error.refused
    if isinstance(error, UnstorableTextError):
        return Refused(Refusal.FIELD_INVALID)
    if isinstance(error, UnavailableError):
        log.warning("rpc.unavailable", method=method, why=str(error))
        return Refused(Refusal.TEMPORARILY_UNAVAILABLE)
    code = randomness.support_code()
    log.error("rpc.internal_error", method=method, support_code=code, where=where(error))
    return Refused(Refusal.INTERNAL, {"support_code": code})


def _log(method: str, code: str, reason: str, caller: Caller | None, began: float) -> None:
    log.info(
        "rpc.call",
        method=method,
        code=code,
        reason=reason,
        client=caller.client_id if caller else "",
        city=caller.city_id if caller else "",
        milliseconds=round((time.perf_counter() - began) * 1000, 1),
    )
