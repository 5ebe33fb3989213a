"""From HTTP requests to what the protocol's endpoints read, and the DPoP nonce on the way back."""

from collections.abc import Callable
from urllib.parse import parse_qsl

from werkzeug.exceptions import ClientDisconnected
from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import get_content_length

from identity.oidc.client_authentication.certificates import ClientCertificates, PresentedCertificate
from identity.oidc.endpoints.userinfo import UserInfoRequest
from identity.oidc.protocol.parameters import Parameters
from identity.oidc.protocol.request import ProtocolRequest
from identity.oidc.sender_constraint.dpop import DpopProofs
from identity.web.api import View
from identity.web.responses import json_response
from identity.web.visitor import visitor_of

_FORM = "application/x-www-form-urlencoded"


class HttpRequests:
    """Makes views of endpoints. Addresses are made from the issuer: the Host header decides nothing."""

    def __init__(self, certificates: ClientCertificates, proofs: DpopProofs, issuer: str) -> None:
        self._certificates, self._proofs, self._issuer = certificates, proofs, issuer

    def form(self, respond: Callable[[ProtocolRequest], Response]) -> View:
        """Return the view of an endpoint that clients send a form to."""

        def view(request: Request) -> Response:
            sent = self._read_form(request)
            return _not_a_form() if sent is None else self._with_nonce(request, respond(sent))

        return view

    def form_with_address(self, respond: Callable[[ProtocolRequest, str], Response]) -> View:
        """Return the view of an endpoint that reads the client's IP address too."""
        return lambda request: self.form(lambda form: respond(form, visitor_of(request).ip_address))(request)

    def userinfo(self, respond: Callable[[UserInfoRequest], Response]) -> View:
        """Return the view of the UserInfo endpoint."""

        def view(request: Request) -> Response:
            is_form = request.method == "POST" and _is_form(request)
            header = request.environ.get("HTTP_AUTHORIZATION")
            if request.method == "POST" and not is_form and header is None and request.content_length:
                # RFC 6750 §2.2: a token is in no body of another media type.
                return _not_a_form()
            sent = UserInfoRequest(
                method=request.method,
                authorization_header=header,
                form_token=Parameters(_pairs(request)).get("access_token") if is_form else None,
                dpop_proof=request.environ.get("HTTP_DPOP"),
                certificate=self._certificate(request),
            )
            return self._with_nonce(request, respond(sent))

        return view

    def _read_form(self, request: Request) -> ProtocolRequest | None:
        """Return the request with the form's parameters; None for another media type.

        Those of the query do not count (RFC 6749 §3.2).
        """
        if not _is_form(request):
            return None
        return ProtocolRequest(
            "POST",
            f"{self._issuer}{request.path}",
            Parameters(_pairs(request)),
            request.environ.get("HTTP_AUTHORIZATION"),
            dpop_proof=request.environ.get("HTTP_DPOP"),
            certificate=self._certificate(request),
        )

    def _certificate(self, request: Request) -> PresentedCertificate | None:
        header = self._certificates.header
        return self._certificates.read(request.headers.get(header)) if header else None

    def _with_nonce(self, request: Request, response: Response) -> Response:
        """Add a nonce for the client's next proof (RFC 9449 §8.2)."""
        if "HTTP_DPOP" in request.environ:
            response.headers["DPoP-Nonce"] = self._proofs.nonce()
        return response


def _is_form(request: Request) -> bool:
    # What nearly all send needs no parser of media types.
    return request.environ.get("CONTENT_TYPE") == _FORM or request.mimetype == _FORM


def _pairs(request: Request) -> list[tuple[str, str]]:
    """Return the names and values of a form, in the order sent; none of one that is not UTF-8.

    As `request.form` reads it, at half the cost: that makes a parser, three dictionaries and a buffer of the
    largest size for each request (docs/decisions/0077). Raises `HTTPException` for a body that is too long
    or was cut off.
    """
    length, limit = get_content_length(request.environ), request.max_content_length
    if length is None or limit is None or length > limit:
        body = request.stream.read()
    else:
        body = request.environ["wsgi.input"].read(length)
        if len(body) < length:
            raise ClientDisconnected
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, errors="werkzeug.url_quote")
    except ValueError:
        return []


def _not_a_form() -> Response:
    description = f"Send the parameters as {_FORM}."
    return json_response(400, {"error": "invalid_request", "error_description": description})
