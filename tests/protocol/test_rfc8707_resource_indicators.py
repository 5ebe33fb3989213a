"""RFC 8707, Resource Indicators: each access token is for one service, with what that may know."""

from identity_provider import CITY, ISSUER, RESOURCE, Provider, answered

SCOPE = "openid profile email billing.read billing.link"


def test_2_1_an_unknown_resource_is_refused(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    for resource in ("urn:unknown", [RESOURCE, "urn:unknown"], f"{RESOURCE}#x", "x\0"):
        answer = answered(browser.authorize(client.request(resource=resource)))
        assert answer["error"] in ("invalid_target", "invalid_request"), resource


def test_2_1_a_client_asks_for_its_own_resources_only(provider: Provider):
    client = provider.client(resources=[], scopes=["openid"])
    answer = answered(provider.browser(provider.resident()).authorize(client.request(resource=RESOURCE)))
    assert answer["error"] == "invalid_target"


def test_2_2_the_one_granted_resource_is_the_audience(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    tokens = provider.tokens(browser, client, resource=RESOURCE, scope=SCOPE)
    claims = provider.claims(tokens["access_token"])
    assert claims["aud"] == RESOURCE
    assert claims["scope"] == tokens["scope"] == "billing.read billing.link"
    assert (claims["city"], claims["email"], claims["email_verified"]) == (CITY, "jane1@example.com", True)
    assert (claims["given_name"], claims["family_name"]) == ("Jane", "Doe")


def test_2_2_without_a_resource_the_token_is_for_userinfo(provider: Provider):
    client = provider.client()
    tokens = provider.tokens(provider.browser(provider.resident()), client, scope=SCOPE)
    claims = provider.claims(tokens["access_token"])
    assert (claims["aud"], claims["scope"]) == (ISSUER, "openid profile email")
    assert not {"city", "email", "given_name"} & set(claims)


def test_2_2_the_issuer_stands_for_userinfo_and_is_always_granted(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    code = provider.code(browser, client, resource=[RESOURCE, ISSUER], scope=SCOPE)
    tokens = provider.redeem(client, code, resource=ISSUER).json
    assert provider.userinfo(tokens["access_token"]).status_code == 200


def test_2_2_a_refresh_asks_for_one_of_those_granted(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    tokens = provider.tokens(browser, client, resource=RESOURCE, scope=SCOPE)
    for_userinfo = provider.refresh(client, tokens["refresh_token"], resource=ISSUER).json
    assert provider.userinfo(for_userinfo["access_token"]).status_code == 200
    for_billing = provider.refresh(client, for_userinfo["refresh_token"]).json
    assert provider.claims(for_billing["access_token"])["aud"] == RESOURCE


def test_2_2_a_resource_that_was_not_granted_is_refused_and_spends_nothing(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    code = provider.code(browser, client, scope=SCOPE)
    assert provider.redeem(client, code, resource=RESOURCE).json["error"] == "invalid_target"
    assert provider.redeem(client, code, resource=[RESOURCE, ISSUER]).json["error"] == "invalid_target"
    tokens = provider.redeem(client, code).json
    refused = provider.refresh(client, tokens["refresh_token"], resource=RESOURCE)
    assert refused.json["error"] == "invalid_target"
    assert provider.refresh(client, tokens["refresh_token"]).status_code == 200
