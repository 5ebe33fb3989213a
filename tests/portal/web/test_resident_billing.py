"""Calls to billing_link in a session: what the log says of an outage."""

import grpc
import pytest
from structlog.testing import capture_logs


@pytest.mark.parametrize(
    ("refusal", "detail"),
    [
        (
            (grpc.StatusCode.INTERNAL, "REFUSAL_INTERNAL", {"support_code": "K7QD"}),
            "INTERNAL REFUSAL_INTERNAL K7QD",
        ),
        (
            (grpc.StatusCode.PERMISSION_DENIED, "REFUSAL_SCOPE_MISSING", {"scope": "billing.link"}),
            "PERMISSION_DENIED REFUSAL_SCOPE_MISSING billing.link",
        ),
        ((grpc.StatusCode.UNAVAILABLE, "", {}), "UNAVAILABLE"),
        (
            (grpc.StatusCode.UNAUTHENTICATED, "REFUSAL_TOKEN_INVALID", {}),
            "a fresh token: UNAUTHENTICATED REFUSAL_TOKEN_INVALID",
        ),
    ],
)
@pytest.mark.parametrize("path", ["/home", "/utility-billing", "/utility-billing/accounts/link-1"])
def test_an_outage_is_logged_with_what_an_operator_needs(
    resident, billing_link, path: str, refusal, detail: str
) -> None:
    billing_link.refusal = refusal

    with capture_logs() as logs:
        resident.get(path)

    [entry] = [entry for entry in logs if entry["event"] == "billing_unavailable"]
    assert entry["detail"] == detail


def test_an_answer_that_cannot_be_read_is_logged_without_what_it_held(resident, billing_link) -> None:
    billing_link.link(due_on="soon")

    with capture_logs() as logs:
        resident.get("/home")

    assert "soon" not in str(logs)


def test_a_refusal_that_the_resident_can_mend_is_no_outage(resident) -> None:
    with capture_logs() as logs:
        resident.post("/utility-billing", account_number="99", customer_id="99")

    assert logs == []
