"""Wraps every call: its turn, deadline, authentication, one status for every error, one line in the log.

Health and reflection are not wrapped: they need no token and hold no data of residents.
"""

import time
from collections.abc import Callable
from typing import Any, TypeAlias

import grpc
import structlog
from community_access.billing_link.v1 import billing_link_pb2 as pb

from billing_link import randomness
from billing_link.errors import Refusal, Refused, UnavailableError, UnstorableTextError, where
from billing_link.rpc import deadlines
from billing_link.rpc.authentication import authenticate
from billing_link.rpc.call_log import CallLog
from billing_link.rpc.call_slots import CallSlots
from billing_link.rpc.error_status import RefusedError, code_of, status_of
from billing_link.tokens.caller import Caller
from billing_link.tokens.verifier import Verifier

SERVICE = pb.DESCRIPTOR.services_by_name["BillingLinkService"].full_name
_PREFIX = f"/{SERVICE}/"

log = structlog.get_logger()

# Quoted: only grpc's published types take parameters, not its classes.
_Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
_Behavior = Callable[[Any, grpc.ServicerContext], Any]


class CallInterceptor(grpc.ServerInterceptor):
    """Wraps the methods of BillingLinkService."""

    def __init__(self, verifier: Verifier, slots: CallSlots, call_log: CallLog) -> None:
        self._verifier, self._slots, self._call_log = verifier, slots, call_log
        self._wrapped: dict[str, _Handler] = {}

    def intercept_service(
        self,
        continuation: "Callable[[grpc.HandlerCallDetails], _Handler | None]",
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "_Handler | None":
        """Return the wrapped handler of a method; each is wrapped once."""
        method = handler_call_details.method
        if wrapped := self._wrapped.get(method):
            return wrapped
        handler = continuation(handler_call_details)
        if handler is None or not method.startswith(_PREFIX):
            return handler
        assert handler.unary_unary is not None, "the contract has unary calls only"  # noqa: S101 - narrows a type
        self._wrapped[method] = grpc.unary_unary_rpc_method_handler(
            self._wrap(method.removeprefix(_PREFIX), handler.unary_unary),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )
        return self._wrapped[method]

    def _wrap(self, method: str, behavior: _Behavior) -> _Behavior:
        def call(request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - grpc types handlers by message
            is_taken = self._slots.take(deadlines.seconds_to_wait(context))
            try:
                if deadlines.has_passed(context):
                    context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "The deadline has passed.")
                if not is_taken:
                    context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "Too many calls at once.")
                return answer(request, context)
            finally:
                if is_taken:
                    self._slots.give_back()

        def answer(request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - as above
            began = time.perf_counter()
            caller: Caller | None = None
            try:
                caller = authenticate(context.invocation_metadata(), self._verifier)
                response = behavior(request, context)
            except Exception as error:  # noqa: BLE001 - every error becomes a status here
                refused = _refused(error, method)
            else:
                self._call_log.record(method, "OK", "", caller, began)
                return response
            self._call_log.record(method, code_of(refused.reason).name, refused.reason.value, caller, began)
            return context.abort_with_status(status_of(refused))

        return call


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
