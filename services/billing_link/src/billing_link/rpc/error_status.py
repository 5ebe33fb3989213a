"""The one table from refusals to gRPC statuses. Callers read these texts and no others."""

from types import MappingProxyType

import grpc
from community_access.billing_link.v1 import billing_link_pb2 as pb
from google.protobuf import any_pb2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from billing_link.errors import Refusal, Refused, UnavailableError

DOMAIN = "billing_link.community_access"


class RefusedError(Exception):
    """Ends a call with a refusal. Raised in `rpc` only, and caught by `interceptor`."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reason.value)
        self.refused = refused


_STATUSES = MappingProxyType(
    {
        Refusal.TOKEN_INVALID: (
            grpc.StatusCode.UNAUTHENTICATED,
            "The access token is missing or does not verify.",
        ),
        Refusal.TOKEN_EXPIRED: (grpc.StatusCode.UNAUTHENTICATED, "The access token has expired."),
        Refusal.SCOPE_MISSING: (grpc.StatusCode.PERMISSION_DENIED, "The access token lacks a scope."),
        Refusal.CITY_UNKNOWN: (grpc.StatusCode.PERMISSION_DENIED, "The token's city is not served here."),
        Refusal.FIELD_INVALID: (grpc.StatusCode.INVALID_ARGUMENT, "A field is empty, too long or malformed."),
        Refusal.ACCOUNT_NOT_FOUND: (grpc.StatusCode.NOT_FOUND, "No account has these two numbers."),
        Refusal.LINK_NOT_FOUND: (grpc.StatusCode.NOT_FOUND, "The resident has no such link."),
        Refusal.TOO_MANY_ATTEMPTS: (
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "Too many attempts; try again later.",
        ),
        Refusal.ALREADY_LINKED: (
            grpc.StatusCode.FAILED_PRECONDITION,
            "Another resident has linked this account.",
        ),
        Refusal.LINKING_DISABLED: (grpc.StatusCode.FAILED_PRECONDITION, "The city has switched linking off."),
        Refusal.TEMPORARILY_UNAVAILABLE: (grpc.StatusCode.UNAVAILABLE, "Not available just now; try again."),
        Refusal.LINK_LIMIT_REACHED: (
            grpc.StatusCode.FAILED_PRECONDITION,
            "The resident has the most links allowed.",
        ),
        Refusal.INTERNAL: (grpc.StatusCode.INTERNAL, "Something went wrong on our side."),
    }
)


def code_of(refusal: Refusal) -> grpc.StatusCode:
    """Return the status code of a refusal."""
    return _STATUSES[refusal][0]


def status_of(refused: Refused) -> grpc.Status:
    """Return the status of a refusal, with a `google.rpc.ErrorInfo` that holds its reason and details.

    One that passes has a `google.rpc.RetryInfo` too, with the time to wait.
    """
    code, message = _STATUSES[refused.reason]
    info = error_details_pb2.ErrorInfo(
        reason=pb.Refusal.Name(pb.Refusal.Value(f"REFUSAL_{refused.reason.value}")),
        domain=DOMAIN,
        metadata=dict(refused.details),
    )
    details: list[Message] = [info]
    passes_by_itself = code is grpc.StatusCode.UNAVAILABLE
    seconds = int(refused.details.get("retry_after") or (passes_by_itself and UnavailableError.retry_after))
    if seconds:
        details.append(error_details_pb2.RetryInfo(retry_delay=Duration(seconds=seconds)))
    number: int = code.value[0]
    status: grpc.Status = rpc_status.to_status(
        status_pb2.Status(code=number, message=message, details=[_packed(detail) for detail in details])
    )
    return status


def _packed(detail: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(detail)
    return packed
