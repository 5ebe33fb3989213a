"""The simulated providers themselves: marked, on this machine only, switchable over HTTP."""

import subprocess
import sys
from pathlib import Path

import pytest
import requests
from identity.clock import FixedClock
from identity.identity_providers.load import load_providers
from identity.identity_providers.provider import AuthenticationRequest, Refusal
from simulated_providers import Providers, Refused, SignIn, Simulated, Visitor

REPOSITORY = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("key", "name"),
    [("google", "Google"), ("apple", "Apple"), ("microsoft", "Microsoft"), ("facebook", "Facebook")],
)
def test_the_page_says_that_it_is_simulated(key: str, name: str, visitor: Visitor) -> None:
    page = requests.get(visitor.leave(key)[0], timeout=10).text
    assert f"Simulated {name} – for local development" in page  # noqa: RUF001 - a dash


@pytest.mark.parametrize("key", ["google", "apple", "microsoft", "facebook", "logingov"])
def test_nobody_is_sent_to_another_machine(key: str, providers: Providers) -> None:
    url = providers[key].authorization_url(
        AuthenticationRequest(
            state="s", nonce="n", code_verifier="v", redirect_uri="https://attacker.example/", language="en"
        )
    )
    for answer in (
        requests.get(url, timeout=10),
        requests.post(url, data={"cancel": "1"}, timeout=10, allow_redirects=False),
    ):
        assert answer.status_code == 400


def test_apple_says_itself_that_an_account_is_disabled_and_sends_nobody_back(visitor: Visitor) -> None:
    url, _ = visitor.leave("apple")
    page = requests.post(url, data={"person": "dora"}, timeout=10)
    assert "Your account has been disabled" in page.text
    assert "<form" not in page.text


def test_behaviour_is_set_and_reset_over_http(
    simulated: Simulated, refusal: Refused, sign_in: SignIn
) -> None:
    def behave(**values: object) -> requests.Response:
        return requests.post(f"{simulated.base_url}/behaviour", json=values, timeout=10)

    assert behave(provider="google", faults={"token": "html"}).ok
    assert refusal("google", "grace") is Refusal.UNAVAILABLE
    assert behave(provider="google", reset=True, claims={"email_verified": False}).ok
    assert sign_in("google", "grace").email_verified is False
    assert behave(provider="google", reset=True).ok
    assert sign_in("google", "grace").email_verified is True
    assert behave(provider="nobody").status_code == 400
    assert behave(provider="google", calls={}).status_code == 400


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "deploy.local.providers", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - ours


def test_they_refuse_to_serve_other_machines(tmp_path: Path) -> None:
    ended = run("--bind", "0.0.0.0:0", "--keys", str(tmp_path))
    assert ended.returncode != 0
    assert "only serve this machine" in ended.stderr


def test_they_write_the_settings_that_point_identity_at_them(tmp_path: Path, clock: FixedClock) -> None:
    text = run("--environment", "--keys", str(tmp_path)).stdout
    environ = dict(line.split("=", 1) for line in text.splitlines())
    assert list(load_providers(environ, clock)) == ["google", "apple", "microsoft", "facebook"]
    assert (tmp_path / "apple.p8").stat().st_mode & 0o077 == 0


def test_nothing_of_the_product_knows_them() -> None:
    sources = (REPOSITORY / "services").rglob("*.py")
    assert not [path for path in sources if "deploy.local.providers" in path.read_text()]
