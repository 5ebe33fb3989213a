"""RFC 7636, Proof Key for Code Exchange: S256, for everyone not registered without it; `plain` never."""

from identity_provider import CHALLENGE, VERIFIER, Provider, answered


def test_4_3_every_client_needs_a_challenge_confidential_ones_too(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    answer = answered(browser.authorize(client.request(code_challenge=None, code_challenge_method=None)))
    assert answer["error"] == "invalid_request"
    assert "PKCE" in answer["error_description"]


def test_4_3_plain_is_refused_named_or_not(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    for method in ("plain", None, "s256", "S512"):
        answer = answered(browser.authorize(client.request(code_challenge_method=method)))
        assert answer["error"] == "invalid_request", method


def test_4_2_a_challenge_that_no_s256_makes_is_refused(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    for challenge in (CHALLENGE[:-1], f"{CHALLENGE}=", f"{CHALLENGE[:-1]}.", VERIFIER):
        answer = answered(browser.authorize(client.request(code_challenge=challenge)))
        assert answer["error"] == "invalid_request", challenge


def test_4_6_the_verifier_must_be_the_challenges(provider: Provider):
    client = provider.client()
    code = provider.code(provider.browser(provider.resident()), client)
    for verifier in (CHALLENGE, f"{VERIFIER}x", VERIFIER[:-1]):
        assert provider.redeem(client, code, code_verifier=verifier).json["error"] == "invalid_grant"
    for verifier in ("short", "ü" * 50, "x" * 129):
        assert provider.redeem(client, code, code_verifier=verifier).json["error"] == "invalid_request"
    assert provider.redeem(client, code).status_code == 200


def test_4_6_a_public_client_cannot_leave_the_verifier_out(provider: Provider):
    client = provider.client(token_endpoint_auth_method="none")
    code = provider.code(provider.browser(provider.resident()), client)
    assert provider.redeem(client, code, code_verifier=None).json["error"] == "invalid_grant"


def test_a_confidential_client_may_be_registered_without_it(provider: Provider):
    client = provider.client(pkce_required=False)
    browser = provider.browser(provider.resident())
    code = provider.code(browser, client, code_challenge=None, code_challenge_method=None)
    assert provider.redeem(client, code, code_verifier=None).status_code == 200


def test_a_client_registered_without_it_is_held_to_the_challenge_it_sends(provider: Provider):
    client = provider.client(pkce_required=False)
    browser = provider.browser(provider.resident())
    code = provider.code(browser, client)
    assert provider.redeem(client, code, code_verifier=None).json["error"] == "invalid_grant"
    answer = answered(browser.authorize(client.request(code_challenge_method="plain")))
    assert answer["error"] == "invalid_request"


def test_rfc9700_4_8_2_a_verifier_without_a_challenge_is_refused(provider: Provider):
    client = provider.client(pkce_required=False)
    browser = provider.browser(provider.resident())
    code = provider.code(browser, client, code_challenge=None, code_challenge_method=None)
    assert provider.redeem(client, code).json["error"] == "invalid_request"
