"""RFC 9207, Authorization Server Issuer Identification: `iss` in every answer, errors too."""

from identity_provider import ISSUER, Provider, answered


def test_2_a_code_comes_with_the_issuer(provider: Provider):
    answer = answered(provider.browser(provider.resident()).authorize(provider.client().request()))
    assert answer["iss"] == ISSUER


def test_2_an_error_comes_with_the_issuer(provider: Provider):
    answer = answered(provider.browser().authorize(provider.client().request(prompt="none")))
    assert (answer["error"], answer["iss"]) == ("login_required", ISSUER)
