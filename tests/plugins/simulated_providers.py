"""The simulated providers of deploy/local over real HTTP, and a resident's browser that visits them.

`providers` are the product's own, pointed at their simulations; `behaviours[key]` makes one misbehave;
`sign_in(key, person)` goes there and back.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from identity import randomness
from identity.clock import FixedClock
from identity.identity_providers.http import LIMITS
from identity.identity_providers.load import load_providers
from identity.identity_providers.provider import (
    AuthenticationRequest,
    ExpectedResponse,
    Provider,
    ProviderIdentity,
    ProviderRefusal,
    Refusal,
)
from identity.outbound_http import Limits
from identity_provider import set_clock
from page import hidden_fields
from werkzeug.serving import make_server

from deploy.local.providers.app import SimulatedProviders
from deploy.local.providers.behaviour import Behaviour

CALLBACK = "http://localhost:8000/sign-in/callback"

Behaviours = Mapping[str, Behaviour]
# By key; each test knows which one it has in hand.
Providers = Mapping[str, Any]
SignIn = Callable[..., ProviderIdentity]
Refused = Callable[..., Refusal]


@dataclass(frozen=True)
class Simulated:
    """The running simulated providers."""

    providers: SimulatedProviders
    base_url: str

    def environment(self) -> dict[str, str]:
        """Return settings for all five."""
        return {
            **self.providers.environment(self.base_url),
            **self.providers.openid_environment(self.base_url),
        }


@pytest.fixture(scope="session")
def running_providers() -> Iterator[Simulated]:
    """Serve the simulated providers on a free port of this machine."""
    providers = SimulatedProviders()
    server = make_server("127.0.0.1", 0, providers.wsgi(), threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield Simulated(providers, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def simulated(running_providers: Simulated) -> Simulated:
    """Return the simulated providers, well-behaved."""
    running_providers.providers.reset()
    return running_providers


@pytest.fixture
def behaviours(simulated: Simulated) -> Behaviours:
    """Return how each simulated provider behaves, to be changed by the test."""
    behaviours = dict(simulated.providers.behaviours)
    return {**behaviours, "logingov": behaviours["openid"]}


@pytest.fixture
def clock(workers_clock: FixedClock) -> FixedClock:
    """Return a clock that starts at the simulated providers' time."""
    return set_clock(workers_clock, datetime.now(UTC))


# For tests of outages, so that silence costs half a second.
SHORT = Limits(connect=1.0, read=0.5, total=1.0, size=LIMITS.size)


@pytest.fixture
def limits() -> Limits:
    """Return how long a provider may take: the real limits, unless a test is about them."""
    return LIMITS


@pytest.fixture
def providers(simulated: Simulated, clock: FixedClock, limits: Limits) -> Providers:
    """Return the five providers, pointed at their simulations."""
    return load_providers(simulated.environment(), clock, limits)


class Visitor:
    """A resident's browser: leaves for a provider, picks a person there, and comes back."""

    def __init__(self, providers: Providers) -> None:
        self.providers = providers

    def leave(
        self, key: str, language: str = "en", login_hint: str | None = None
    ) -> tuple[str, ExpectedResponse]:
        """Return the provider's address, and what its answer must fit."""
        verifier = randomness.secret()
        expected = ExpectedResponse(randomness.identifier(), randomness.identifier(), verifier, CALLBACK)
        url = self.providers[key].authorization_url(
            AuthenticationRequest(
                state=expected.state,
                nonce=expected.nonce,
                code_verifier=verifier,
                redirect_uri=CALLBACK,
                language=language,
                login_hint=login_hint,
            )
        )
        return url, expected

    def choose(self, url: str, person: str | None) -> dict[str, str]:
        """Return the callback's parameters after picking a person, or Cancel."""
        form = {"person": person} if person else {"cancel": "1"}
        answer = requests.post(url, data=form, allow_redirects=False, timeout=10)
        if answer.is_redirect:
            return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
        return hidden_fields(answer, CALLBACK)

    def sign_in(self, key: str, person: str | None, **expecting: str) -> ProviderIdentity:
        """Go there and back; `expecting` replaces what the journey would have stored."""
        url, expected = self.leave(key)
        params = self.choose(url, person)
        provider: Provider = self.providers[key]
        return provider.identity_from_callback(params, replace(expected, **expecting))

    def refusal(self, key: str, person: str | None, **expecting: str) -> Refusal:
        """Go there and back, and return why that gives no identity."""
        with pytest.raises(ProviderRefusal) as caught:
            self.sign_in(key, person, **expecting)
        return caught.value.refusal


@pytest.fixture
def visitor(providers: Providers) -> Visitor:
    """Return a resident's browser."""
    return Visitor(providers)


@pytest.fixture
def sign_in(visitor: Visitor) -> SignIn:
    """Return a function that signs in: provider's key, person's key."""
    return visitor.sign_in


@pytest.fixture
def refusal(visitor: Visitor) -> Refused:
    """Return a function that tries to sign in and returns the refusal."""
    return visitor.refusal
