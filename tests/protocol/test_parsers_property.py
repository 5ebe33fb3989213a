"""The parsers of the authorization and token endpoints, by what must hold for everything that can be sent."""

import base64
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

import pytest
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from identity.config import Settings
from identity.oidc.authorization.response_modes import ResponseTarget, authorization_response
from identity.oidc.client_authentication.assertions import ClientAssertions
from identity.oidc.client_authentication.authentication import ClientAuthentication
from identity.oidc.client_authentication.certificates import ClientCertificates
from identity.oidc.client_authentication.failed_authentications import FailedAuthentications
from identity.oidc.client_authentication.key_sets import KEY_SET_LIMITS, ClientKeySets
from identity.oidc.protocol.parameters import LONGEST, Parameters
from identity.oidc.protocol.redirect_uris import is_registered
from identity.oidc.protocol.request import ProtocolRequest
from identity.outbound_http import OutboundHttp
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.schemas import read_client
from identity_provider import CITY, ISSUER, SECRET_KEY, Provider, answered

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=12)
RELAXED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
REGISTERED = ("https://city.example/callback", "https://city.example/cb?page=1", "http://127.0.0.1/cb")


def registered(**changes: Any) -> Any:
    content = {
        "id": "a-client",
        "city_id": CITY,
        "name": "A client",
        "redirect_uris": REGISTERED,
        "initiate_login_uri": "https://city.example/",
    }
    return read_client(content | changes).registered()


# --- parameters (RFC 6749 §3.1)


@given(PAIRS)
def test_parameters_survive_being_stored(pairs: list[tuple[str, str]]):
    parameters = Parameters(pairs)
    restored = Parameters.restored(parameters.stored())
    assert restored.stored() == parameters.stored()
    for name, _value in pairs:
        assert restored.all(name) == [value for n, value in pairs if n == name and value]


@given(PAIRS)
def test_a_form_is_sound_or_refused_in_printable_words(pairs: list[tuple[str, str]]):
    values = [(name, value) for name, value in pairs if value]
    names = [name for name, _value in values if name != "resource"]
    is_sound = len(names) == len(set(names)) and not any("\0" in text for pair in values for text in pair)
    try:
        Parameters(pairs).check_form()
    except InvalidRequestError as error:
        assert not is_sound
        described = str(dict(error.get_body())["error_description"])
        assert all(" " <= character <= "~" and character not in '"\\' for character in described)
    else:
        assert is_sound


@given(st.integers(min_value=0, max_value=3))
def test_no_value_is_longer_than_8_kib(excess: int):
    parameters = Parameters([("state", "x" * (LONGEST + excess))])
    if excess:
        with pytest.raises(InvalidRequestError):
            parameters.check_form()
    else:
        parameters.check_form()


# --- redirect URIs (RFC 9700 §2.1)


@given(st.sampled_from(REGISTERED), TEXT, st.integers(min_value=0, max_value=40))
def test_whatever_is_added_to_a_redirect_uri_makes_it_another(uri: str, addition: str, position: int):
    assume(addition)
    changed = uri[:position] + addition + uri[position:]
    assume(changed not in REGISTERED)
    assert not is_registered(changed, registered())


@given(st.integers(min_value=1, max_value=65535), st.booleans())
def test_a_port_may_vary_for_public_clients_on_the_loopback_address_alone(port: int, is_public: bool):  # noqa: FBT001 - hypothesis fills it
    method = {"token_endpoint_auth_method": "none"} if is_public else {}
    client = registered(**method)
    assert is_registered(f"http://127.0.0.1:{port}/cb", client) is is_public
    for host in ("localhost", "127.0.0.2", "city.example", "127.0.0.1.attacker.example", "[::2]"):
        assert not is_registered(f"http://{host}:{port}/cb", client)


# --- answers (OAuth 2.0 Multiple Response Types §2.1)


@given(st.sampled_from(REGISTERED), st.sampled_from(["query", "fragment"]), st.none() | TEXT, TEXT)
def test_a_client_reads_exactly_what_it_is_told(uri: str, mode: str, state: str | None, code: str):
    target = ResponseTarget(registered(), uri, state, mode)
    location = authorization_response(target, ISSUER, [("code", code)]).location
    assert location.startswith(uri)
    assert location.isascii()
    assert location.isprintable()
    parts = urlsplit(location)
    before = parse_qsl(urlsplit(uri).query)
    told = parse_qsl(parts.fragment if mode == "fragment" else parts.query, keep_blank_values=True)
    expected = [("code", code), *([] if state is None else [("state", state)]), ("iss", ISSUER)]
    assert told == (expected if mode == "fragment" else before + expected)


# --- client authentication (RFC 6749 §2.3.1)


@pytest.fixture
def authentication(provider: Provider) -> ClientAuthentication:
    provider.client()
    storage, clock = provider.storage, provider.clock
    keys = ClientKeySets(OutboundHttp(KEY_SET_LIMITS), clock)
    service = Settings(issuer=ISSUER, database_url="sqlite:////tmp/unused.db", secret_keys=[SECRET_KEY])
    return ClientAuthentication(
        RelyingPartyCache(storage, clock),
        clock,
        ClientAssertions(storage, clock, keys, ISSUER),
        ClientCertificates(service, clock, keys),
        FailedAuthentications(storage, clock),
    )


@RELAXED
@given(header=st.none() | TEXT | TEXT.map(lambda text: f"Basic {text}"), form=PAIRS)
def test_junk_never_authenticates(
    authentication: ClientAuthentication, header: str | None, form: list[tuple[str, str]]
):
    parameters = Parameters([("client_id", "city-website"), *form])
    with pytest.raises(OAuth2Error):
        authentication.authenticate(ProtocolRequest("POST", f"{ISSUER}/token", parameters, header))


@RELAXED
@given(client_id=TEXT, secret=TEXT)
def test_a_guessed_secret_never_authenticates(
    authentication: ClientAuthentication, client_id: str, secret: str
):
    for name in (client_id, "city-website"):
        encoded = base64.b64encode(f"{quote_plus(name)}:{quote_plus(secret)}".encode()).decode()
        with pytest.raises(OAuth2Error) as refusal:
            authentication.authenticate(
                ProtocolRequest("POST", f"{ISSUER}/token", Parameters([]), f"Basic {encoded}")
            )
        assert refusal.value.error == "invalid_client"


# --- the whole authorization request (OpenID Connect Core §3.1.2.1)


@RELAXED
@given(order=st.randoms(use_true_random=False), extra=st.dictionaries(TEXT, TEXT, max_size=4))
def test_neither_order_nor_unknown_parameters_matter(provider: Provider, order: Any, extra: dict[str, str]):
    client = provider.client()
    browser = provider.browser(provider.resident())
    request = client.request()
    known = {
        *request,
        "request",
        "request_uri",
        "registration",
        "prompt",
        "max_age",
        "resource",
        "id_token_hint",
    }
    unknown = [(f"x-{name}", value.replace("\0", "")) for name, value in extra.items() if "\0" not in name]
    assume(not known & dict(unknown).keys())
    pairs = [*request.items(), *unknown]
    order.shuffle(pairs)
    told = answered(browser.authorize(dict(pairs)))
    assert set(told) == {"code", "state", "iss"}


@RELAXED
@given(name=st.sampled_from(["response_type", "scope", "state", "nonce", "code_challenge", "x"]), value=TEXT)
def test_a_parameter_that_occurs_twice_is_refused(provider: Provider, name: str, value: str):
    assume(value)
    client = provider.client()
    request = client.request() | {name: [client.request().get(name, "x"), value]}
    told = answered(provider.browser(provider.resident()).authorize(request))
    assert told["error"] == "invalid_request"
