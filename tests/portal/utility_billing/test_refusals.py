"""Each refusal of billing_link's contract has words for the resident, here for a search that remembers."""

import grpc
import pytest
from community_access.billing_link.v1.billing_link_pb2 import Refusal
from page import Page

SEARCH = "/utility-billing"
NOT_NOW = (503, "Your billing information cannot be shown just now")
# For each value of the contract: the status of the page, and the beginning of what it says.
ANSWERS = {
    "REFUSAL_UNSPECIFIED": NOT_NOW,
    "REFUSAL_TOKEN_INVALID": NOT_NOW,
    "REFUSAL_TOKEN_EXPIRED": NOT_NOW,
    "REFUSAL_SCOPE_MISSING": NOT_NOW,
    "REFUSAL_CITY_UNKNOWN": NOT_NOW,
    "REFUSAL_FIELD_INVALID": (422, "We found some errors."),
    "REFUSAL_ACCOUNT_NOT_FOUND": (422, "We could not find an account with these two numbers"),
    # Not an answer to a search.
    "REFUSAL_LINK_NOT_FOUND": NOT_NOW,
    "REFUSAL_TOO_MANY_ATTEMPTS": (429, "Too many tries"),
    "REFUSAL_ALREADY_LINKED": (422, "This account cannot be saved"),
    "REFUSAL_LINKING_DISABLED": (422, "Accounts cannot be saved at present"),
    "REFUSAL_TEMPORARILY_UNAVAILABLE": NOT_NOW,
    "REFUSAL_LINK_LIMIT_REACHED": (422, "Your profile is full"),
    "REFUSAL_INTERNAL": NOT_NOW,
}


@pytest.fixture
def refused(resident, billing_link):
    """Return a function from a refusal to the page that a search gets."""

    def search(reason: str, path: str = SEARCH, **metadata: str) -> Page:
        form = resident.page(path).form(SEARCH)
        billing_link.refusal = (grpc.StatusCode.FAILED_PRECONDITION, reason, metadata)
        page = Page(resident.submit(form, account_number="00-1234567", customer_id="12345", remember="yes"))
        assert page.form(SEARCH).fields["account_number"] == "00-1234567"
        assert "REFUSAL" not in page.source
        return page

    return search


def test_every_refusal_of_the_contract_has_its_words() -> None:
    assert set(ANSWERS) == set(Refusal.keys())


@pytest.mark.parametrize("reason", ANSWERS)
def test_a_refusal_is_told_in_its_words_and_keeps_what_was_typed(refused, reason: str) -> None:
    page = refused(reason)

    status, words = ANSWERS[reason]
    assert page.status == status
    assert page.errors[0].startswith(words)


@pytest.mark.parametrize("reason", ["REFUSAL_OF_A_LATER_VERSION", ""])
def test_a_refusal_that_a_newer_contract_adds_is_not_just_now(refused, reason: str) -> None:
    page = refused(reason)

    assert (page.status, page.errors[0][: len(NOT_NOW[1])]) == NOT_NOW


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"retry_after": "541"}, "Please try again in 10 minutes."),
        ({"retry_after": "60"}, "Please try again in 1 minute."),
        ({}, "Please try again in a while."),
        ({"retry_after": "soon"}, "Please try again in a while."),
    ],
)
def test_too_many_attempts_says_how_long_to_wait(refused, metadata, words: str) -> None:
    assert words in refused("REFUSAL_TOO_MANY_ATTEMPTS", **metadata).errors[0]


def test_too_many_attempts_says_when_in_the_header_too(resident, billing_link) -> None:
    billing_link.refusal = (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "REFUSAL_TOO_MANY_ATTEMPTS",
        {"retry_after": "541"},
    )

    response = resident.post(SEARCH, account_number="00-1234567", customer_id="12345")

    assert response.headers["Retry-After"] == "541"


def test_the_field_at_fault_is_marked(refused) -> None:
    page = refused("REFUSAL_FIELD_INVALID", field="customer_id")

    assert page.link("Customer ID") == "#customer_id"
    assert page.errors[1] == "Please check this number."
    assert page.form(SEARCH).control("customer_id")["aria-invalid"] == "true"
    assert "aria-invalid" not in page.form(SEARCH).control("account_number")


def test_a_fault_in_a_field_that_the_form_lacks_is_still_told(refused) -> None:
    assert "Please check this number." in refused("REFUSAL_FIELD_INVALID", field="link_id").errors[0]


def test_the_link_limit_says_how_many_what_to_do_and_whom_to_call(refused) -> None:
    [error] = refused("REFUSAL_LINK_LIMIT_REACHED", limit="100").errors

    assert "A profile can hold 100 accounts." in error
    assert "Please forget an account that you no longer need, then search again." in error
    assert error.endswith("If you need more accounts, please call 727-369-0690.")


def test_the_link_limit_without_a_number_leaves_it_out(refused) -> None:
    [error] = refused("REFUSAL_LINK_LIMIT_REACHED").errors

    assert "A profile can hold" not in error


def test_the_link_limit_is_told_in_spanish(refused) -> None:
    [error] = refused("REFUSAL_LINK_LIMIT_REACHED", f"{SEARCH}?ui_locales=es", limit="100").errors

    assert error.startswith("Su perfil está completo En un perfil caben 100 cuentas.")


def test_a_search_in_vain_is_one_call_so_that_the_page_waits_once(resident, billing_link) -> None:
    billing_link.refusal = (grpc.StatusCode.UNAVAILABLE, "", {})

    response = resident.post("/utility-billing", account_number="99", customer_id="99")

    assert response.status_code == 503
    assert [method for method, _, _ in billing_link.seen] == ["ResolveAccount"]
