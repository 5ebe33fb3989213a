"""Sign in with Facebook: what is its own."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from identity.clock import FixedClock

# Private: the table of error codes, tried with codes that the simulated provider does not send.
from identity.identity_providers.facebook import _graph_refusal
from identity.identity_providers.provider import ProviderRefusal, Refusal
from simulated_providers import Behaviours, Providers, Refused, SignIn, Simulated, Visitor

from deploy.local.providers.facebook import signed_request

FELIX = "10158000000000001"


def test_an_address_never_counts_as_verified(sign_in: SignIn) -> None:
    felix = sign_in("facebook", "felix")
    assert (felix.email, felix.email_verified) == ("felix@example.net", False)
    assert (felix.issuer, felix.subject) == ("https://www.facebook.com", FELIX)
    assert (felix.given_name, felix.family_name) == ("Felix", "Brown")


@pytest.mark.parametrize("claim", ["verified", "is_verified", "email_verified"])
def test_nothing_that_graph_says_verifies_an_address(
    claim: str, sign_in: SignIn, behaviours: Behaviours
) -> None:
    behaviours["facebook"].person = {claim: True}
    assert sign_in("facebook", "felix").email_verified is False


def test_another_residents_address_proves_nothing(sign_in: SignIn) -> None:
    eve = sign_in("facebook", "eve")
    assert (eve.email, eve.email_verified) == ("grace.morales@gmail.com", False)
    assert eve.subject == "10158000000000003"


def test_an_account_may_have_no_address(sign_in: SignIn) -> None:
    hannah = sign_in("facebook", "hannah")
    assert (hannah.email, hannah.given_name) == (None, "Hannah")


@pytest.mark.parametrize("value", [None, "", "abc", "1" * 33, 10158000000000001, "\uff11\uff12"])
def test_a_person_without_a_numeric_id_is_nobody(
    value: object, refusal: Refused, behaviours: Behaviours
) -> None:
    behaviours["facebook"].person = {"id": value}
    assert refusal("facebook", "felix") is Refusal.INVALID_ANSWER


def test_graph_is_asked_with_a_proof_and_the_token_stays_out_of_the_address(
    sign_in: SignIn, behaviours: Behaviours
) -> None:
    """The simulated Graph refuses a request without the right proof, as an app that demands it does."""
    sign_in("facebook", "felix")
    asked = behaviours["facebook"].forms["person"]
    assert len(asked["appsecret_proof"]) == 64
    assert "access_token" not in asked
    assert asked["fields"] == "id,first_name,last_name,email"


def test_an_account_that_facebook_has_stopped_is_named_as_such(refusal: Refused) -> None:
    assert refusal("facebook", "doug") is Refusal.DISABLED


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"code": 190, "error_subcode": 459}, Refusal.DISABLED),
        ({"code": 190, "error_subcode": 464}, Refusal.DISABLED),
        ({"code": 190, "error_subcode": 490}, Refusal.DISABLED),
        ({"code": 190, "error_subcode": 463}, Refusal.INVALID_ANSWER),
        ({"code": 100, "error_subcode": 36009, "type": "OAuthException"}, Refusal.INVALID_ANSWER),
        ({"code": 101, "type": "OAuthException"}, Refusal.UNAVAILABLE),
        ({"code": 1, "type": "OAuthException"}, Refusal.UNAVAILABLE),
        ({"code": 2}, Refusal.UNAVAILABLE),
        ({"code": 4}, Refusal.UNAVAILABLE),
        ({"code": 7, "is_transient": True}, Refusal.UNAVAILABLE),
        ("a text", Refusal.INVALID_ANSWER),
        (None, Refusal.INVALID_ANSWER),
    ],
    ids=str,
)
def test_graphs_errors_have_a_meaning(error: object, expected: Refusal) -> None:
    assert _graph_refusal({"error": error}).refusal is expected


def test_half_a_character_in_a_name_locks_its_owner_out_of_nothing(
    sign_in: SignIn, behaviours: Behaviours
) -> None:
    behaviours["facebook"].person = {"first_name": "Ana \ud83d", "last_name": "L\0pez"}
    identity = sign_in("facebook", "felix")
    assert (identity.given_name, identity.family_name) == ("Ana", "Lpez")


def test_graphs_older_media_type_is_read(sign_in: SignIn, behaviours: Behaviours) -> None:
    behaviours["facebook"].media_type = "text/javascript; charset=UTF-8"
    assert sign_in("facebook", "felix").subject == FELIX


def test_the_dialog_is_asked_for_in_the_residents_language(visitor: Visitor) -> None:
    url = urlsplit(visitor.leave("facebook", language="es-US")[0])
    assert url.path == "/facebook/v25.0/dialog/oauth"
    assert parse_qs(url.query)["locale"] == ["es_LA"]


class TestDataDeletion:
    """Facebook's data deletion callback."""

    def test_a_signed_request_names_who_is_to_be_forgotten(
        self, simulated: Simulated, providers: Providers, clock: FixedClock
    ) -> None:
        text = requests.post(
            f"{simulated.base_url}/facebook/simulate/data-deletion", data={"user_id": FELIX}, timeout=10
        ).text
        request = providers["facebook"].deletion_request(text)
        assert (request.issuer, request.subject) == ("https://www.facebook.com", FELIX)
        assert abs(request.issued_at - clock.now()) < timedelta(minutes=1)

    def test_the_same_person_signs_in_with_the_same_id(self, sign_in: SignIn) -> None:
        assert sign_in("facebook", "felix").subject == FELIX

    @pytest.mark.parametrize(
        "change",
        [
            {"algorithm": "HMAC-SHA1"},
            {"algorithm": None},
            {"user_id": None},
            {"user_id": 7},
            {"user_id": "x"},
            {"issued_at": None},
            {"issued_at": True},
            {"issued_at": 1_600_000_000},
            {"issued_at": 4_102_444_800},
            {"issued_at": -1},
            {"issued_at": 10**400},
        ],
        ids=str,
    )
    def test_a_wrong_or_old_payload_is_refused(
        self, change: dict[str, Any], providers: Providers, clock: FixedClock
    ) -> None:
        payload = {"algorithm": "HMAC-SHA256", "issued_at": int(clock.now().timestamp()), "user_id": FELIX}
        providers["facebook"].deletion_request(signed_request(payload))
        with pytest.raises(ProviderRefusal) as caught:
            providers["facebook"].deletion_request(signed_request({**payload, **change}))
        assert caught.value.refusal is Refusal.INVALID_ANSWER

    @pytest.mark.parametrize(
        "text", ["", ".", "a.b", "no-dot", "ü.ü", "x" * 5000, "!!!.!!!", "e30.e30", "e30.WzE"]
    )
    def test_nonsense_is_refused(self, text: str, providers: Providers) -> None:
        with pytest.raises(ProviderRefusal):
            providers["facebook"].deletion_request(text)

    def test_another_secret_signs_nothing(self, providers: Providers, clock: FixedClock) -> None:
        payload = {"algorithm": "HMAC-SHA256", "issued_at": int(clock.now().timestamp()), "user_id": FELIX}
        with pytest.raises(ProviderRefusal, match="signature"):
            providers["facebook"].deletion_request(signed_request(payload, secret="another"))
