"""The OpenAPI description at /openapi.json: complete, true, and held to by whatever any program sends."""

import re
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import given as given_case
from hypothesis.errors import Unsatisfiable
from identity_provider import ISSUER, Provider
from schemathesis.checks import CHECKS

# The pages that a city's website sends browsers to are described too.
PROTOCOL_PAGES = ("/authorize", "/end-session")
CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
BOUNDED = settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def description(provider: Provider) -> dict[str, Any]:
    return dict(provider.app.test_client().get("/openapi.json", base_url=ISSUER).json or {})


def test_every_endpoint_for_programs_is_described_and_no_other(provider: Provider):
    described = {
        (path, method.upper())
        for path, methods in description(provider)["paths"].items()
        for method in methods
    }
    served = {
        (re.sub(r"<(\w+)>", r"{\1}", path), method)
        for path, methods in [
            *((route.path, route.methods) for route in provider.api.routes),
            *((path, ("GET", "POST")) for path in PROTOCOL_PAGES),
        ]
        for method in set(methods) - {"HEAD"}
    }
    assert described == served


def test_it_names_the_configured_issuer_and_may_be_kept(provider: Provider):
    http = provider.app.test_client()
    response = http.get("/openapi.json", base_url="https://attacker.example")
    assert (response.status_code, response.mimetype) == (200, "application/json")
    assert response.json["servers"] == [{"url": ISSUER}]
    assert "attacker" not in response.get_data(as_text=True)
    assert response.headers["Cache-Control"] == "public, max-age=300"
    again = http.get("/openapi.json", headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")


def test_its_prompts_and_modes_are_those_of_discovery(provider: Provider):
    metadata = provider.app.test_client().get("/.well-known/openid-configuration", base_url=ISSUER).json
    described = {
        one["name"]: one["schema"]
        for one in description(provider)["paths"]["/authorize"]["get"]["parameters"]
    }
    assert described["response_mode"]["enum"] == metadata["response_modes_supported"]
    assert described["response_type"]["enum"] == metadata["response_types_supported"]
    assert described["code_challenge_method"]["enum"] == metadata["code_challenge_methods_supported"]
    for prompt in metadata["prompt_values_supported"]:
        assert prompt in described["prompt"]["description"]


@pytest.mark.timeout(300)
def test_schemathesis_finds_no_answer_that_is_not_described(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
):
    # The test's clock is not the database's.
    monkeypatch.setattr("identity.database_state.REFUSED", timedelta.max)
    client = provider.client()
    schema = schemathesis.openapi.from_wsgi("/openapi.json", provider.app)
    checks = [CHECKS.get_one(name) for name in CHECKED]
    tried = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):

            @BOUNDED
            @given_case(case=operation.as_strategy(generation_mode=mode))
            def answers(case: Any) -> None:
                nonlocal tried
                tried += 1
                # Half of the requests know a client, and come further.
                if tried % 2 and case.query and "client_id" in case.query:
                    case.query |= {"client_id": client.id, "redirect_uri": client.redirect_uri}
                case.call_and_validate(base_url=ISSUER, checks=checks)

            # An operation that takes nothing cannot be sent anything wrong.
            with suppress(Unsatisfiable):
                answers()
    assert tried > 100
