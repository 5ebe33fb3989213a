"""The token endpoint's phases: each runs after the one before it, and a refusal ends the request."""

import pytest
from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError
from identity.oidc.client_authentication.authentication import AuthenticatedClient
from identity.oidc.endpoints.token import TokenEndpoint
from identity.oidc.protocol.errors import ClientRefusedError
from identity.oidc.protocol.parameters import Parameters
from identity.oidc.protocol.request import ProtocolRequest
from identity.oidc.sender_constraint.binding import Sender
from identity.relying_parties.schemas import read_client
from identity_provider import ISSUER

CLIENT = read_client(
    {
        "id": "city-website",
        "city_id": "pinellas-park",
        "name": "City website",
        "redirect_uris": ["https://city.example/callback"],
        "initiate_login_uri": "https://city.example/",
    }
).registered()


class Phases:
    """Stands for client authentication, a grant type, what it authorizes and the sender constraints."""

    def __init__(self, name: str = "authorization_code", **refusals: Exception) -> None:
        self.name, self.run, self._refusals = name, [], refusals

    def _enter(self, phase: str) -> None:
        self.run.append(phase)
        if phase in self._refusals:
            raise self._refusals[phase]

    def authenticate(self, request):
        self._enter("authenticate")
        return AuthenticatedClient(CLIENT)

    def validate(self, request):
        self._enter("validate")
        return self

    def verify(self, request, client):
        self._enter("verify")
        return Sender()

    def redeem(self, binding, uses):
        self._enter("redeem")
        return {"access_token": "a token"}


def respond(phases: Phases, grant_type: str | None = "authorization_code"):
    parameters = Parameters([("grant_type", grant_type or "")])
    request = ProtocolRequest("POST", f"{ISSUER}/token", parameters)
    return TokenEndpoint(phases, [phases], phases).respond(request)


def test_the_grant_is_redeemed_after_every_check():
    phases = Phases()
    response = respond(phases)
    assert phases.run == ["authenticate", "verify", "validate", "redeem"]
    assert response.json == {"access_token": "a token"}


@pytest.mark.parametrize(
    ("phase", "refusal"),
    [
        ("authenticate", ClientRefusedError("No.")),
        ("verify", InvalidRequestError("No.")),
        ("validate", InvalidGrantError("No.")),
        ("redeem", InvalidGrantError("No.")),
    ],
)
def test_a_refusal_ends_the_request(phase: str, refusal: InvalidGrantError):
    phases = Phases(**{phase: refusal})
    response = respond(phases)
    assert phases.run[-1] == phase
    assert response.status_code == refusal.status_code
    assert response.json == {"error": refusal.error, "error_description": "No."}


def test_a_client_without_the_grant_type_never_reaches_it():
    phases = Phases("client_credentials")
    response = respond(phases, "client_credentials")
    assert phases.run == ["authenticate"]
    assert response.json["error"] == "unauthorized_client"


def test_an_unknown_grant_type_is_refused_first_and_not_repeated():
    phases = Phases()
    assert respond(phases, "<password>").json == {"error": "unsupported_grant_type"}
    assert respond(phases, None).json["error"] == "invalid_request"
    assert phases.run == []
