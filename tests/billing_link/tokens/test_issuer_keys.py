import base64
import json
import threading
import time
from dataclasses import replace

import pytest
from billing_link.errors import UnavailableError
from billing_link.outbound_http import OutboundHttp
from billing_link.tokens import issuer_keys
from billing_link.tokens.issuer_keys import IssuerKeys
from billing_link.trusted_authorities import TrustedAuthorities
from cryptography.hazmat.primitives.asymmetric import rsa

KEYS_HTTP = OutboundHttp(issuer_keys.LIMITS, TrustedAuthorities())


class Seconds:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds():
    return Seconds()


@pytest.fixture
def keys(identity, seconds):
    return IssuerKeys(identity.issuer, KEYS_HTTP, seconds=seconds)


def fetches(identity):
    return identity.requests.count("/jwks")


def test_keys_are_found_by_discovery_once_while_they_are_fresh(identity, keys, seconds):
    assert keys.find_key("ec", "ES256").kid == "ec"
    seconds.now += 299
    assert keys.find_key("rsa", "RS256").kid == "rsa"
    assert identity.requests == ["/.well-known/openid-configuration", "/jwks"]
    seconds.now += 2
    keys.find_key("ec", "ES256")
    assert fetches(identity) == 2


@pytest.mark.parametrize(
    ("cache_control", "life"),
    [("max-age=1", 60), ("public, max-age=120", 120), ("max-age=99999", 3600), ("", 300)],
)
def test_they_are_fresh_for_as_long_as_identity_says_within_bounds(
    identity, keys, seconds, cache_control, life
):
    identity.cache_control = cache_control
    keys.find_key("ec", "ES256")
    seconds.now += life
    keys.find_key("ec", "ES256")
    assert fetches(identity) == 1
    seconds.now += 1
    keys.find_key("ec", "ES256")
    assert fetches(identity) == 2


def test_a_key_is_good_for_its_own_algorithm_only(keys):
    assert keys.find_key("ec", "RS256") is None
    assert keys.find_key("rsa", "ES256") is None


def test_a_new_key_is_found_at_once(identity, keys, seconds, signing_keys):
    keys.find_key("ec", "ES256")
    identity.published.append(signing_keys["new"].as_dict(private=False))
    seconds.now += 10
    assert keys.find_key("new", "ES256").kid == "new"


def test_unknown_keys_cause_one_request_in_ten_seconds(identity, keys, seconds):
    keys.find_key("ec", "ES256")
    for number in range(50):
        seconds.now += 1
        assert keys.find_key(f"unknown-{number}", "ES256") is None
    assert fetches(identity) <= 6


def test_a_withdrawn_key_is_gone_after_the_next_fetch(identity, keys, seconds):
    keys.find_key("ec", "ES256")
    del identity.published[0]
    seconds.now += 301
    assert keys.find_key("ec", "ES256") is None


class TestIdentityIsDown:
    def test_without_any_keys_the_answer_is_unavailable_and_not_invalid(self, identity, keys):
        identity.status, identity.body = 503, b"down"
        with pytest.raises(UnavailableError):
            keys.find_key("ec", "ES256")

    def test_it_is_asked_again_soon(self, identity, keys, seconds):
        identity.status, identity.body = 503, b"down"
        for _ in range(5):
            with pytest.raises(UnavailableError):
                keys.find_key("ec", "ES256")
        assert len(identity.requests) == 1
        identity.status, identity.body = 200, None
        seconds.now += 1
        assert keys.find_key("ec", "ES256").kid == "ec"

    def test_known_keys_are_used_for_an_hour_more_and_no_longer(self, identity, keys, seconds):
        keys.find_key("ec", "ES256")
        identity.status, identity.body = 503, b"down"
        seconds.now += 300 + 3600
        assert keys.find_key("ec", "ES256").kid == "ec"
        seconds.now += 1
        with pytest.raises(UnavailableError):
            keys.find_key("ec", "ES256")

    def test_a_closed_port_is_unavailable(self, seconds):
        with pytest.raises(UnavailableError):
            IssuerKeys("http://127.0.0.1:9", KEYS_HTTP, seconds=seconds).find_key("ec", "ES256")


class TestAnswersThatAreNotTaken:
    @pytest.mark.parametrize(
        "metadata",
        [
            {"issuer": "https://evil.example"},
            {"jwks_uri": "https://evil.example/jwks"},
            {"jwks_uri": "file:///etc/passwd"},
            {"jwks_uri": None},
        ],
    )
    def test_metadata_of_another_issuer_or_origin(self, identity, keys, metadata):
        identity.metadata = metadata
        with pytest.raises(UnavailableError):
            keys.find_key("ec", "ES256")
        assert fetches(identity) == 0

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (302, b"{}"),
            (200, b"[]"),
            (200, b"{"),
            (200, b"x" * 70_000),
            (200, json.dumps({"a": "x" * 70_000}).encode()),
        ],
    )
    def test_redirects_nonsense_and_floods(self, identity, keys, status, body):
        identity.status, identity.body = status, body
        with pytest.raises(UnavailableError):
            keys.find_key("ec", "ES256")

    def test_keys_that_are_weak_for_something_else_or_broken(self, identity, keys, signing_keys):
        modulus = rsa.generate_private_key(65537, 1024).public_key().public_numbers().n.to_bytes(128)  # noqa: S505 - its point
        n = base64.urlsafe_b64encode(modulus).rstrip(b"=").decode()
        weak = {"kty": "RSA", "kid": "weak", "n": n, "e": "AQAB"}
        good = signing_keys["ec"].as_dict(private=False)
        identity.published = [
            weak,
            good | {"kid": "for encryption", "use": "enc"},
            good | {"kid": "broken", "x": "!"},
            {"kty": "oct", "kid": "secret", "k": "c2VjcmV0"},
            "nonsense",
            good,
        ]
        assert keys.find_key("ec", "ES256").kid == "ec"
        for kid in ("weak", "for encryption", "broken", "secret"):
            assert keys.find_key(kid, "ES256") is None
            assert keys.find_key(kid, "RS256") is None


def test_many_at_once_cause_one_fetch(identity, keys):
    found = []
    threads = [threading.Thread(target=lambda: found.append(keys.find_key("ec", "ES256"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [key.kid for key in found] == ["ec"] * 8
    assert fetches(identity) == 1


def test_keys_are_there_before_the_first_call(identity, keys):
    keys.start_fetch()
    while fetches(identity) == 0:
        time.sleep(0.01)
    identity.status, identity.body = 503, b"down"
    assert keys.find_key("ec", "ES256").kid == "ec"


class TestIdentityTrickles:
    """It sends a byte every 0.3 seconds: no single wait is long, and the whole has no end."""

    @pytest.fixture
    def hasty(self, identity, seconds, monkeypatch):
        """Return keys with shorter times, of which some were fetched while identity was well."""
        monkeypatch.setattr(issuer_keys, "_LONGEST_WAIT", 0.4)
        http = OutboundHttp(replace(issuer_keys.LIMITS, total=1.0), TrustedAuthorities())
        keys = IssuerKeys(identity.issuer, http, seconds=seconds, waiting=1)
        keys.find_key("ec", "ES256")
        identity.trickles = True
        seconds.now += 10
        return keys

    def test_a_call_waits_for_a_moment_and_later_ones_not_at_all(self, hasty):
        assert seconds_until_refused(hasty, "unknown-1") < 0.8
        assert seconds_until_refused(hasty, "unknown-2") < 0.1
        assert seconds_until_refused(hasty, "unknown-3") < 0.1

    def test_a_known_key_is_found_at_once(self, hasty, seconds):
        with pytest.raises(UnavailableError):
            hasty.find_key("unknown", "ES256")
        began = time.monotonic()
        assert hasty.find_key("ec", "ES256").kid == "ec"
        seconds.now += 300
        assert hasty.find_key("ec", "ES256").kid == "ec"
        assert time.monotonic() - began < 0.1

    def test_few_calls_wait(self, hasty):
        waiting = threading.Thread(target=seconds_until_refused, args=(hasty, "unknown-1"))
        waiting.start()
        time.sleep(0.1)
        assert seconds_until_refused(hasty, "unknown-2") < 0.1
        waiting.join()

    def test_the_fetch_ends_and_is_not_repeated_at_once(self, identity, hasty):
        with pytest.raises(UnavailableError):
            hasty.find_key("unknown", "ES256")
        time.sleep(1.0)
        requests = len(identity.requests)
        assert hasty.find_key("unknown", "ES256") is None
        assert len(identity.requests) == requests

    def test_a_new_key_is_found_when_identity_is_well_again(self, identity, hasty, seconds, signing_keys):
        with pytest.raises(UnavailableError):
            hasty.find_key("new", "ES256")
        identity.published.append(signing_keys["new"].as_dict(private=False))
        identity.trickles = False
        time.sleep(1.0)
        seconds.now += 10
        assert hasty.find_key("new", "ES256").kid == "new"


def seconds_until_refused(keys, kid):
    began = time.monotonic()
    with pytest.raises(UnavailableError):
        keys.find_key(kid, "ES256")
    return time.monotonic() - began
