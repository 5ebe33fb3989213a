"""RFC 8705, Mutual-TLS: certificates that a trusted proxy hands on, and tokens bound to them."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from identity.app import create_app
from identity.config import Settings
from identity.errors import SettingsError
from identity_provider import ISSUER, SECRET_KEY, VERIFIER, Client, Provider
from joserfc.jwk import ECKey
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

SUBJECT = "CN=website,O=City of Pinellas Park,C=US"


@dataclass
class Certificate:
    """A certificate with its key, in the ways proxies write it."""

    certificate: x509.Certificate
    key: Any

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def header(self) -> str:
        """RFC 9440."""
        return f":{base64.b64encode(self.der).decode()}:"

    @property
    def thumbprint(self) -> str:
        digest = self.certificate.fingerprint(hashes.SHA256())
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    @property
    def jwk(self) -> dict[str, Any]:
        public = self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return dict(ECKey.import_key(public).as_dict(private=False)) | {
            "x5c": [base64.b64encode(self.der).decode()]
        }


def certificate(
    provider: Provider, subject: str = SUBJECT, by: Certificate | None = None, **changes: Any
) -> Certificate:
    """Return a certificate, signed by an authority or by itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), provider.clock.now()
    name = x509.Name.from_rfc4514_string(subject)
    is_authority = bool(changes.get("authority"))
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by.certificate.subject if by else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(changes.get("begins", now - timedelta(days=1)))
        .not_valid_after(changes.get("ends", now + timedelta(days=30)))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if is_authority:
        usage = dict.fromkeys(
            (
                "digital_signature",
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        builder = builder.add_extension(
            x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True
        )
    if by:
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key())
        builder = builder.add_extension(issuer, critical=False)
    return Certificate(builder.sign(by.key if by else key, hashes.SHA256()), key)


def settings(provider: Provider, **changes: Any) -> Settings:
    fields = {
        "issuer": ISSUER,
        "database_url": provider.url,
        "secret_keys": [SECRET_KEY],
        "trusted_proxies": 1,
        "client_certificate_header": "Client-Cert",
    }
    return Settings(**fields | changes)


@pytest.fixture
def authority(provider: Provider) -> Certificate:
    return certificate(provider, "CN=City Authority,C=US", authority=True)


@pytest.fixture
def proxied(provider: Provider, authority: Certificate, tmp_path: Path) -> Iterator[Provider]:
    """Return the provider behind a proxy that hands certificates on."""
    (tmp_path / "authorities.pem").write_text(authority.pem)
    configured = settings(provider, client_certificate_authorities=str(tmp_path / "authorities.pem"))
    app = create_app(configured, clock=provider.clock, hashing="cheap")
    yield replace(provider, app=app)
    app.extensions["identity"].dispose()


def ask(provider: Provider, client: Client, header: str | None, **form: str) -> TestResponse:
    headers = {} if header is None else {"Client-Cert": header}
    content = {"client_id": client.id, "grant_type": "authorization_code", "code": "unknown"} | form
    return provider.app.test_client().post("/token", data=content, headers=headers, base_url=ISSUER)


def accepted(response: TestResponse) -> bool:
    if response.json["error"] == "invalid_grant":
        return True
    assert (response.status_code, response.json["error"]) == (401, "invalid_client"), response.json
    return False


def self_signed(provider: Provider, held: Certificate, **changes: Any) -> Client:
    fields = {
        "token_endpoint_auth_method": "self_signed_tls_client_auth",
        "jwks": {"keys": [held.jwk]},
    }
    return provider.client(**fields | changes)


def by_authority(provider: Provider, **changes: Any) -> Client:
    fields = {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": SUBJECT}
    return provider.client(**fields | changes)


def tokens(provider: Provider, client: Client, held: Certificate) -> dict[str, Any]:
    code = provider.code(provider.browser(provider.resident()), client)
    redirect = {"redirect_uri": client.redirect_uri, "code_verifier": VERIFIER}
    response = ask(provider, client, held.header, code=code, **redirect)
    assert response.status_code == 200, response.json
    return dict(response.json)


def userinfo(provider: Provider, token: str, header: str | None) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"} | ({"Client-Cert": header} if header else {})
    return provider.app.test_client().get("/userinfo", headers=headers, base_url=ISSUER)


def test_2_1_a_subject_of_a_trusted_authority_is_the_client(proxied: Provider, authority: Certificate):
    client = by_authority(proxied)
    assert accepted(ask(proxied, client, certificate(proxied, by=authority).header))


def test_2_1_subject_authority_and_times_are_checked(proxied: Provider, authority: Certificate):
    client, now = by_authority(proxied), proxied.clock.now()
    impostor = certificate(proxied, "CN=City Authority,C=US", authority=True)
    for wrong in (
        certificate(proxied),
        certificate(proxied, by=impostor),
        certificate(proxied, "CN=website,O=City of Elsewhere,C=US", by=authority),
        certificate(proxied, "CN=website", by=authority),
        certificate(proxied, by=authority, ends=now - timedelta(seconds=1)),
        certificate(proxied, by=authority, begins=now + timedelta(seconds=1)),
    ):
        assert not accepted(ask(proxied, client, wrong.header))
    assert not accepted(ask(proxied, client, None))


def test_2_2_a_registered_certificate_is_the_client(proxied: Provider):
    held = certificate(proxied)
    client = self_signed(proxied, held)
    assert accepted(ask(proxied, client, held.header))
    assert not accepted(ask(proxied, client, certificate(proxied).header))
    assert not accepted(ask(proxied, client, None))


def test_2_2_a_thumbprint_will_do(proxied: Provider):
    held = certificate(proxied)
    jwk = {k: v for k, v in held.jwk.items() if k != "x5c"} | {"x5t#S256": held.thumbprint}
    client = self_signed(proxied, held, jwks={"keys": [jwk]})
    assert accepted(ask(proxied, client, held.header))
    assert not accepted(ask(proxied, client, certificate(proxied).header))


def test_every_proxys_way_to_write_it_is_read(proxied: Provider):
    held = certificate(proxied)
    client = self_signed(proxied, held)
    for header in (
        held.header,
        quote(held.pem),
        held.pem.replace("\n", " "),
        base64.b64encode(held.der).decode(),
    ):
        assert accepted(ask(proxied, client, header)), header


@pytest.mark.parametrize(
    "header", ["", "x", ":AAAA:", "%", "%FF%FE", "-----BEGIN CERTIFICATE-----", "A" * 20_000]
)
def test_bad_input_is_no_certificate(proxied: Provider, header: str):
    client = self_signed(proxied, certificate(proxied))
    assert not accepted(ask(proxied, client, header))


def test_6_5_without_a_trusted_proxy_the_header_counts_for_nothing(provider: Provider):
    held = certificate(provider)
    client = self_signed(provider, held)
    assert not accepted(ask(provider, client, held.header))
    without = settings(provider).model_copy(update={"trusted_proxies": 0})
    alone = create_app(without, clock=provider.clock, hashing="cheap")
    assert not accepted(ask(replace(provider, app=alone), client, held.header))
    alone.extensions["identity"].dispose()


def test_a_client_with_a_secret_is_not_let_in_by_a_certificate(proxied: Provider):
    assert not accepted(ask(proxied, proxied.client(), certificate(proxied).header))


def test_3_tokens_are_bound_to_the_certificate(proxied: Provider):
    held = certificate(proxied)
    client = self_signed(proxied, held, tls_client_certificate_bound_access_tokens=True)
    given = tokens(proxied, client, held)
    assert given["token_type"] == "Bearer"
    assert proxied.claims(given["access_token"])["cnf"] == {"x5t#S256": held.thumbprint}
    assert userinfo(proxied, given["access_token"], held.header).status_code == 200
    for other in (None, certificate(proxied).header, "x"):
        refused = userinfo(proxied, given["access_token"], other)
        assert refused.status_code == 401
        assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


def test_3_a_client_that_signs_assertions_needs_its_certificate_too(proxied: Provider):
    client = proxied.client(tls_client_certificate_bound_access_tokens=True)
    code = proxied.code(proxied.browser(proxied.resident()), client)
    response = proxied.redeem(client, code)
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")


def test_3_3_discovery_is_true(provider: Provider, proxied: Provider):
    def document(of: Provider) -> Any:
        return of.app.test_client().get("/.well-known/openid-configuration", base_url=ISSUER).json

    methods = {"tls_client_auth", "self_signed_tls_client_auth"}
    assert not methods & set(document(provider)["token_endpoint_auth_methods_supported"])
    assert document(provider)["tls_client_certificate_bound_access_tokens"] is False
    assert methods <= set(document(proxied)["token_endpoint_auth_methods_supported"])
    assert document(proxied)["tls_client_certificate_bound_access_tokens"] is True


def test_the_log_says_why_a_certificate_is_refused_and_the_client_learns_no_more(
    proxied: Provider, authority: Certificate
):
    client, now = by_authority(proxied), proxied.clock.now()
    impostor = certificate(proxied, "CN=City Authority,C=US", authority=True)
    elsewhere = certificate(proxied, "CN=elsewhere", by=authority)
    expected = {
        "the proxy passed no certificate in Client-Cert": None,
        "the registered subject is": elsewhere.header,
        "signature does not match": certificate(proxied, by=impostor).header,
        "has expired": certificate(proxied, by=authority, ends=now - timedelta(seconds=1)).header,
    }
    answers = set()
    for reason, header in expected.items():
        with capture_logs() as logs:
            answers.add(ask(proxied, client, header).get_data(as_text=True))
        [event] = [event for event in logs if event["event"] == "client_certificate_refused"]
        assert event["client_id"] == client.id
        assert reason in event["reason"]
        assert (event["subject"] is None) is (header is None)
    assert len(answers) == 1
    own = self_signed(proxied, certificate(proxied), id="own")
    with capture_logs() as logs:
        assert not accepted(ask(proxied, own, certificate(proxied).header))
    assert "the certificate is none of the client's jwks" in [event.get("reason") for event in logs]


def test_the_log_says_that_a_header_is_no_certificate(proxied: Provider):
    client = self_signed(proxied, certificate(proxied))
    for header, is_said in ((":AAAA:", True), ("A" * 20_000, True), ("(null)", False), ("", False)):
        with capture_logs() as logs:
            assert not accepted(ask(proxied, client, header))
        assert ("client_certificate_unreadable" in [event["event"] for event in logs]) is is_said, header


def test_a_file_of_authorities_that_cannot_be_read_is_named(provider: Provider):
    configured = settings(provider).model_copy(
        update={"client_certificate_authorities": "/does/not/exist.pem"}
    )
    with pytest.raises(SettingsError, match="IDENTITY_CLIENT_CERTIFICATE_AUTHORITIES"):
        create_app(configured, clock=provider.clock, hashing="cheap")
