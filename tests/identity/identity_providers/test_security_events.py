"""What providers tell us unasked: Google's security events, Apple's notifications."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from identity.identity_providers.provider import ProviderRefusal, Refusal
from identity.identity_providers.security_events import SecurityEvent, SecurityEventKind
from simulated_providers import Behaviours, Providers, Simulated, Visitor

from deploy.local.providers.behaviour import Signing

GRACE = "110169484474386276334"
OAUTH = "https://schemas.openid.net/secevent/oauth/event-type/"


@pytest.fixture
def google_event(simulated: Simulated) -> Callable[..., str]:
    """Return a function that makes Google send a security event."""

    def send(event: str, **form: str) -> str:
        address = f"{simulated.base_url}/google/simulate/security-event"
        return requests.post(address, data={"event": event, "sub": GRACE, **form}, timeout=10).text

    return send


@pytest.fixture
def apple_notification(simulated: Simulated) -> Callable[..., str]:
    """Return a function that makes Apple send a notification."""

    def send(event: str, subject: str) -> str:
        address = f"{simulated.base_url}/apple/simulate/notification"
        return requests.post(address, data={"type": event, "sub": subject}, timeout=10).text

    return send


@pytest.mark.parametrize(
    ("event", "reason", "kind", "ends_sessions"),
    [
        ("sessions-revoked", "", SecurityEventKind.ACCOUNT_TAKEOVER, True),
        ("account-disabled", "hijacking", SecurityEventKind.ACCOUNT_TAKEOVER, True),
        ("account-disabled", "bulk-account", SecurityEventKind.ACCOUNT_DISABLED, True),
        ("account-disabled", "", SecurityEventKind.ACCOUNT_DISABLED, True),
        ("account-enabled", "", SecurityEventKind.ACCOUNT_ENABLED, False),
        ("account-purged", "", SecurityEventKind.ACCOUNT_DELETED, True),
        ("account-credential-change-required", "", SecurityEventKind.ACCOUNT_AT_RISK, False),
        (f"{OAUTH}tokens-revoked", "", SecurityEventKind.ACCESS_REVOKED, True),
    ],
)
def test_each_event_has_a_meaning_for_the_account_that_signs_in_here(
    event: str,
    reason: str,
    kind: SecurityEventKind,
    ends_sessions: bool,  # noqa: FBT001 - a case
    google_event: Callable[..., str],
    providers: Providers,
    visitor: Visitor,
) -> None:
    notice = providers["google"].read_security_events(google_event(event, reason=reason))
    grace = visitor.sign_in("google", "grace")
    assert notice.events == (SecurityEvent(kind, grace.issuer, grace.subject),)
    assert kind.ends_sessions is ends_sessions


def test_the_operators_test_of_the_stream_repeats_their_text(
    google_event: Callable[..., str], providers: Providers
) -> None:
    notice = providers["google"].read_security_events(google_event("verification", state="hello"))
    assert [(s.kind, s.note, s.subject) for s in notice.events] == [(SecurityEventKind.TEST, "hello", None)]


def test_an_event_about_a_single_token_has_no_meaning_here(
    google_event: Callable[..., str], providers: Providers
) -> None:
    assert providers["google"].read_security_events(google_event(f"{OAUTH}token-revoked")).events == ()


def test_an_old_event_is_still_true(
    google_event: Callable[..., str], providers: Providers, behaviours: Behaviours
) -> None:
    behaviours["google"].claims = {"iat": 1_600_000_000}
    notice = providers["google"].read_security_events(google_event("sessions-revoked"))
    assert notice.issued_at.year == 2020
    assert notice.events


def test_each_notice_has_an_id_of_its_own(google_event: Callable[..., str], providers: Providers) -> None:
    first = providers["google"].read_security_events(google_event("sessions-revoked"))
    assert first.id != providers["google"].read_security_events(google_event("sessions-revoked")).id


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://attacker.example/"},
        {"aud": "another-client"},
        {"aud": None},
        {"jti": None},
        {"jti": 7},
        {"iat": None},
        {"iat": 4_102_444_800},
        {"iat": "1600000000"},
        {"events": None},
        {"events": {}},
        {"nonce": "of-an-id-token"},
    ],
    ids=str,
)
def test_a_wrong_event_token_is_refused(
    claims: dict[str, Any], google_event: Callable[..., str], providers: Providers, behaviours: Behaviours
) -> None:
    behaviours["google"].claims = claims
    with pytest.raises(ProviderRefusal) as caught:
        providers["google"].read_security_events(google_event("sessions-revoked"))
    assert caught.value.refusal is Refusal.INVALID_ANSWER


@pytest.mark.parametrize("signing", ["foreign_key", "unknown_key", "none", "hs256"])
def test_an_event_that_google_did_not_sign_is_refused(
    signing: Signing, google_event: Callable[..., str], providers: Providers, behaviours: Behaviours
) -> None:
    behaviours["google"].signing = signing
    with pytest.raises(ProviderRefusal) as caught:
        providers["google"].read_security_events(google_event("sessions-revoked"))
    assert caught.value.refusal is Refusal.INVALID_ANSWER


@pytest.mark.parametrize("token", ["", "a.b.c", "x" * 20_000, "ü"])
def test_nonsense_is_refused(token: str, providers: Providers) -> None:
    for key in ("google", "apple"):
        with pytest.raises(ProviderRefusal) as caught:
            providers[key].read_security_events(token)
        assert caught.value.refusal is Refusal.INVALID_ANSWER


def test_an_id_token_is_no_security_event(
    google_event: Callable[..., str], providers: Providers, behaviours: Behaviours
) -> None:
    """Rightly signed, for us, of the same issuer; but it is about a sign-in."""
    behaviours["google"].claims = {"events": None, "nonce": "n", "sub": GRACE}
    with pytest.raises(ProviderRefusal) as caught:
        providers["google"].read_security_events(google_event("sessions-revoked"))
    assert caught.value.refusal is Refusal.INVALID_ANSWER


def test_an_event_about_an_account_of_another_issuer_signals_nothing(
    google_event: Callable[..., str], providers: Providers, behaviours: Behaviours
) -> None:
    event = {"subject": {"subject_type": "iss-sub", "iss": "https://attacker.example", "sub": GRACE}}
    uri = "https://schemas.openid.net/secevent/risc/event-type/sessions-revoked"
    behaviours["google"].claims = {"events": {uri: event}}
    assert providers["google"].read_security_events(google_event("sessions-revoked")).events == ()


def test_events_wait_while_googles_keys_cannot_be_fetched(
    google_event: Callable[..., str], providers: Providers, behaviours: Behaviours
) -> None:
    token = google_event("sessions-revoked")
    behaviours["google"].faults = {"keys": "error"}
    with pytest.raises(ProviderRefusal) as caught:
        providers["google"].read_security_events(token)
    assert caught.value.refusal is Refusal.UNAVAILABLE


@pytest.mark.parametrize(
    ("event", "kinds"),
    [
        ("consent-revoked", [SecurityEventKind.ACCESS_REVOKED]),
        ("account-delete", [SecurityEventKind.ACCOUNT_DELETED]),
        ("email-disabled", []),
        ("something-new", []),
    ],
)
def test_apples_notifications_have_a_meaning(
    event: str,
    kinds: list[SecurityEventKind],
    apple_notification: Callable[..., str],
    visitor: Visitor,
    providers: Providers,
) -> None:
    rosa = visitor.sign_in("apple", "rosa")
    notice = providers["apple"].read_security_events(apple_notification(event, rosa.subject))
    assert [(s.kind, s.issuer, s.subject) for s in notice.events] == [
        (kind, rosa.issuer, rosa.subject) for kind in kinds
    ]
    assert abs(notice.issued_at - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("events", ["[]", "7", '{"type": 7}', '{"type": "account-delete"}', "{}"])
def test_apples_odd_events_signal_nothing(
    events: str, apple_notification: Callable[..., str], providers: Providers, behaviours: Behaviours
) -> None:
    behaviours["apple"].claims = {"events": events}
    assert providers["apple"].read_security_events(apple_notification("x", "y")).events == ()


@pytest.mark.parametrize("events", ["not json", "[" * 5000, "", None])
def test_apples_unreadable_events_are_refused(
    events: str | None, apple_notification: Callable[..., str], providers: Providers, behaviours: Behaviours
) -> None:
    behaviours["apple"].claims = {"events": events}
    with pytest.raises(ProviderRefusal) as caught:
        providers["apple"].read_security_events(apple_notification("x", "y"))
    assert caught.value.refusal is Refusal.INVALID_ANSWER
