"""Why billing_link refused a call: the contract's `Refusal`, mapped to what the resident is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

import grpc
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

ERROR_DOMAIN = "billing_link.community_access"


class RefusalReason(Enum):
    """A reason that has words of its own on the portal's pages."""

    # No such pair, a wrong pair or an ended one: one reason, so that it tells none of them.
    ACCOUNT_NOT_FOUND = auto()
    LINK_NOT_FOUND = auto()
    FIELD_INVALID = auto()
    TOO_MANY_ATTEMPTS = auto()
    ALREADY_LINKED = auto()
    LINKING_DISABLED = auto()
    LINK_LIMIT_REACHED = auto()
    # The access token; `ResidentBilling` tries once more with a fresh one, then answers UNAVAILABLE.
    TOKEN_REFUSED = auto()
    # No answer just now, or a fault of the set-up that no resident can mend.
    UNAVAILABLE = auto()


# Every value of the contract's enum; a value that a newer contract adds counts as UNAVAILABLE.
REASONS: Mapping[str, RefusalReason] = {
    "REFUSAL_UNSPECIFIED": RefusalReason.UNAVAILABLE,
    "REFUSAL_TOKEN_INVALID": RefusalReason.TOKEN_REFUSED,
    "REFUSAL_TOKEN_EXPIRED": RefusalReason.TOKEN_REFUSED,
    "REFUSAL_SCOPE_MISSING": RefusalReason.UNAVAILABLE,
    "REFUSAL_CITY_UNKNOWN": RefusalReason.UNAVAILABLE,
    "REFUSAL_FIELD_INVALID": RefusalReason.FIELD_INVALID,
    "REFUSAL_ACCOUNT_NOT_FOUND": RefusalReason.ACCOUNT_NOT_FOUND,
    "REFUSAL_LINK_NOT_FOUND": RefusalReason.LINK_NOT_FOUND,
    "REFUSAL_TOO_MANY_ATTEMPTS": RefusalReason.TOO_MANY_ATTEMPTS,
    "REFUSAL_ALREADY_LINKED": RefusalReason.ALREADY_LINKED,
    "REFUSAL_LINKING_DISABLED": RefusalReason.LINKING_DISABLED,
    "REFUSAL_TEMPORARILY_UNAVAILABLE": RefusalReason.UNAVAILABLE,
    "REFUSAL_LINK_LIMIT_REACHED": RefusalReason.LINK_LIMIT_REACHED,
    "REFUSAL_INTERNAL": RefusalReason.UNAVAILABLE,
}


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a call was refused. The numbers are 0 and the texts empty where billing_link says nothing."""

    reason: RefusalReason
    # For the log alone: the gRPC status, the contract's reason, the support code. No personal data.
    detail: str
    # For FIELD_INVALID: `account_number`, `customer_id` or `link_id`.
    field: str = ""
    # For TOO_MANY_ATTEMPTS, in seconds.
    retry_after: int = 0
    # For LINK_LIMIT_REACHED: how many links a resident may have.
    limit: int = 0
    # Not billing_link's own words: it gave no answer, or was not asked.
    is_silence: bool = False


def refusal_of(error: grpc.RpcError) -> Refusal:
    """Read a failed call: the `google.rpc.ErrorInfo` of billing_link, or else its bare gRPC status."""
    if not isinstance(error, grpc.Call):
        return Refusal(reason=RefusalReason.UNAVAILABLE, detail="UNKNOWN", is_silence=True)
    code, status = error.code().name, rpc_status.from_call(error)
    for detail in status.details if status else ():
        info = ErrorInfo()
        if detail.Unpack(info) and info.domain == ERROR_DOMAIN:
            metadata = info.metadata
            return Refusal(
                reason=REASONS.get(info.reason, RefusalReason.UNAVAILABLE),
                detail=" ".join(
                    part
                    for part in (code, info.reason, metadata.get("scope"), metadata.get("support_code"))
                    if part
                ),
                field=metadata.get("field", ""),
                retry_after=_number(metadata.get("retry_after", "")),
                limit=_number(metadata.get("limit", "")),
            )
    return Refusal(reason=RefusalReason.UNAVAILABLE, detail=code, is_silence=True)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0
