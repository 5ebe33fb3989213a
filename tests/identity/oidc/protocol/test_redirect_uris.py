"""RFC 8252 §7.3: a native application learns its loopback port when it starts."""

from dataclasses import replace

import pytest
from identity.oidc.protocol.redirect_uris import is_registered
from identity.relying_parties.schemas import read_client

NATIVE = read_client(
    {
        "id": "native",
        "city_id": "x",
        "name": "Native",
        "token_endpoint_auth_method": "none",
        "redirect_uris": ["http://127.0.0.1/callback", "http://[::1]:9000/callback"],
        "initiate_login_uri": "https://city.example/",
    }
).registered()


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1/callback", "http://127.0.0.1:51004/callback", "http://[::1]:4/callback"]
)
def test_a_public_client_may_use_any_loopback_port(uri: str):
    assert is_registered(uri, NATIVE)


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:51004/callback",
        "http://127.0.0.1:51004/callback/x",
        "http://127.0.0.1:51004/callback?x",
        "http://127.0.0.1:51004/callback#x",
        "http://me@127.0.0.1:51004/callback",
        "http://127.0.0.1:99999/callback",
        "http://127.0.0.2:51004/callback",
        "https://127.0.0.1:51004/callback",
        "http://127.0.0.1.attacker.example/callback",
        "HTTP://127.0.0.1:51004/callback",
        "http://127.0.0.1:51004/callback\n",
        "http://127.0.0.1:51004/call\nback",
        "http://127.0.0.1:51004/call\tback",
        "\thttp://127.0.0.1:51004/callback",
        " http://127.0.0.1:51004/callback",
        "http://127.0.0.1:51004/callback?",
        "http://127.0.0.1:51004/callback#",
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:051004/callback",
        "http://127.0.0.1:65536/callback",
        "http://127.0.0.1:\u0661/callback",
        "http://127.0.0.1:51004\\@attacker.example/callback",
        "http://127.0.0.1:51004%0A/callback",
        "http://127.0.0.1:51004/callback%0A",
        "http://127.0.0.1:51004//callback",
        "http://127.0.0.1:51004",
        "http://127.1:51004/callback",
        "http://[0::1]:51004/callback",
        "http://[::1%25lo]:51004/callback",
        "http://[::1",
        "",
    ],
)
def test_nothing_else_may_vary(uri: str):
    assert not is_registered(uri, NATIVE)


def test_a_confidential_client_has_its_one_port():
    confidential = replace(NATIVE, token_endpoint_auth_method="client_secret_basic")
    assert is_registered("http://127.0.0.1/callback", confidential)
    assert not is_registered("http://127.0.0.1:51004/callback", confidential)
