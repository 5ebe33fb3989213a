"""What is right takes one statement, which returns what the tokens say of this resident and no other."""

import pytest
from identity.oidc.grants.refresh_tokens import RefreshFamilies
from identity_provider import RESOURCE, Provider
from sent_statements import sent_statements


def test_a_code_and_a_refresh_token_take_one_statement_each(provider: Provider):
    client = provider.client()
    provider.tokens(provider.browser(provider.resident()), client)
    code = provider.code(provider.browser(provider.resident()), client)
    with sent_statements() as sent:
        tokens = provider.redeem(client, code).json
    assert [text.split()[:2] for text, _ in sent] == [["UPDATE", "grants"]]
    with sent_statements() as sent:
        provider.refresh(client, tokens["refresh_token"])
    assert [text.split()[:2] for text, _ in sent] == [["UPDATE", "grants"]]


def test_a_forgotten_family_is_read_first(provider: Provider, monkeypatch: pytest.MonkeyPatch):
    client = provider.client()
    tokens = provider.tokens(provider.browser(provider.resident()), client)
    with monkeypatch.context() as forgotten, sent_statements() as sent:
        forgotten.setattr(RefreshFamilies, "remembered_seed", lambda *_: None)
        assert provider.refresh(client, tokens["refresh_token"]).status_code == 200
    assert [text.split()[0] for text, _ in sent] == ["SELECT", "UPDATE"]


def test_the_tokens_speak_of_the_grants_own_resident(provider: Provider):
    client = provider.client()
    names = ["Ann", "Bob", "Cyd"]
    flows = [provider.browser(provider.resident(given_name=name)) for name in names]
    asked = {"resource": RESOURCE, "scope": "openid billing.read"}
    tokens = [provider.tokens(browser, client, **asked) for browser in flows]
    again = [provider.refresh(client, each["refresh_token"]).json for each in tokens]
    for number, each in enumerate([*tokens, *again]):
        claims, resident = provider.claims(each["access_token"]), number % 3
        assert (claims["sub"], claims["given_name"]) == (f"resident-{resident + 1}", names[resident])
        assert (claims["email"], claims["email_verified"]) == (f"jane{resident + 1}@example.com", True)


def test_one_of_several_granted_resources_is_found_whole(provider: Provider):
    """A resource is granted if its name is an element of the list, not a part of one."""
    client = provider.client()
    asked = {"resource": [RESOURCE, "http://localhost:8000"], "scope": "openid billing.read"}
    token = provider.tokens(provider.browser(provider.resident()), client, **asked)["refresh_token"]
    assert provider.refresh(client, token, resource=RESOURCE).status_code == 200
