"""The portal's calls to identity have an end, and threads do not queue for one that is slow."""

import threading
import time
from dataclasses import replace

import pytest
from portal.clock import SystemClock
from portal.errors import GrantEndedError, IdentityUnavailableError
from portal.identity_client import provider
from portal.identity_client.client import IdentityClient, Registration
from portal.identity_client.provider import LIMITS, Provider
from portal.outbound_http import OutboundHttp
from portal.trusted_authorities import TrustedAuthorities
from raw_server import dripping

HASTY = OutboundHttp(replace(LIMITS, total=1.0), TrustedAuthorities())


@pytest.fixture
def trickling(serve) -> str:
    """Return the issuer of an identity that sends a byte every 0.3 seconds."""
    return serve(dripping("body")).removesuffix("/jwks")


def client_of(issuer: str) -> IdentityClient:
    registration = Registration(
        issuer=issuer,
        client_id="portal",
        client_secret="a secret: +",
        redirect_uri="https://pay.example.gov/sign-in/callback",
        post_logout_redirect_uri="https://pay.example.gov/",
        scope="openid",
        resource="urn:billing",
    )
    return IdentityClient(registration, SystemClock(), HASTY)


@pytest.mark.parametrize("call", ["fetch_city", "fetch_city_logo"])
def test_a_trickling_identity_is_cut_off(trickling, call: str) -> None:
    began = time.monotonic()
    with pytest.raises(IdentityUnavailableError):
        getattr(client_of(trickling), call)("pinellas-park")
    assert time.monotonic() - began < 1.5


def test_threads_wait_together_and_then_not_at_all(trickling, monkeypatch) -> None:
    monkeypatch.setattr(provider, "RETENTION", replace(provider.RETENTION, wait=0.4))
    slow = Provider(trickling, SystemClock(), HASTY)
    seconds: list[float] = []

    def ask() -> None:
        began = time.monotonic()
        with pytest.raises(IdentityUnavailableError):
            slow.metadata()
        seconds.append(time.monotonic() - began)

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(seconds) < 0.8
    assert sum(each < 0.2 for each in seconds) >= 12
    ask()
    assert seconds[-1] < 0.1


def test_the_environment_has_no_say(identity, monkeypatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert client_of(identity.issuer).fetch_city("pinellas-park")["name"] == "City of Pinellas Park"
    with pytest.raises(GrantEndedError):
        client_of(identity.issuer).refresh("unknown", "urn:billing")
