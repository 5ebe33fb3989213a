"""Calls to billing_link: which failures count as silence, and what a resident's page makes of it."""

from collections.abc import Iterator

import grpc
import pytest
from portal.billing_link_client import client as module
from portal.billing_link_client.accounts import LinkedAccounts
from portal.billing_link_client.client import BillingLinkClient
from portal.circuit_breaker import FAILURES

SILENCE = (grpc.StatusCode.UNAVAILABLE, "", {})


@pytest.fixture
def client(billing_link) -> Iterator[BillingLinkClient]:
    client = BillingLinkClient(billing_link.target)
    yield client
    client.close()


def test_after_several_calls_without_an_answer_the_next_is_not_sent(client, billing_link) -> None:
    billing_link.refusal = SILENCE
    for _ in range(FAILURES):
        client.list_linked_accounts("token")
    refusal = client.list_linked_accounts("token")

    assert len(billing_link.seen) == FAILURES
    assert refusal.detail == "not asked: it gave no answer of late"


def test_a_deadline_that_passes_is_no_answer(client, billing_link, monkeypatch) -> None:
    monkeypatch.setattr(module, "DEADLINE_SECONDS", 0.05)
    billing_link.delay = 0.2

    details = [client.list_linked_accounts("token").detail for _ in range(FAILURES + 1)]

    assert details == ["DEADLINE_EXCEEDED"] * FAILURES + ["not asked: it gave no answer of late"]


@pytest.mark.parametrize(
    "refusal",
    [
        (grpc.StatusCode.UNAVAILABLE, "REFUSAL_TEMPORARILY_UNAVAILABLE", {}),
        (grpc.StatusCode.INTERNAL, "REFUSAL_INTERNAL", {}),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "REFUSAL_TOO_MANY_ATTEMPTS", {}),
    ],
)
def test_a_refusal_in_billing_links_own_words_is_an_answer(client, billing_link, refusal) -> None:
    billing_link.refusal = refusal
    for _ in range(FAILURES):
        client.list_linked_accounts("token")
    billing_link.refusal = None

    assert isinstance(client.list_linked_accounts("token"), LinkedAccounts)


def test_an_application_that_expires_forgets_that_calls_failed(app, resident, billing_link) -> None:
    billing_link.refusal = SILENCE
    for _ in range(FAILURES):
        resident.get("/home")
    billing_link.refusal = None
    assert "cannot be shown just now" in resident.page("/home").text

    for expire in app.extensions["portal.expire"]:
        expire()

    assert "cannot be shown just now" not in resident.page("/home").text
