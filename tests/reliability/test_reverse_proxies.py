"""The proxies of docs/reverse_proxies in front of the three services, with Debian's own servers.

Each of their files runs as it stands, but for ports and paths.
"""

import base64
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import grpc
import pytest
from certificate_authority import CertificateAuthority
from certificates import self_signed
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from grpc_health.v1 import health_pb2, health_pb2_grpc
from identity.clock import SystemClock
from identity.composition.command_line import create_command_line_app
from identity.relying_parties.admin import Registry
from identity.relying_parties.schemas import read_city, read_client
from identity.storage import Storage
from identity_provider import CHALLENGE, CITY, CLIENT_SECRET, LOGO
from joserfc.jwk import ECKey
from local_stack import free_ports

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[2]
FILES = ROOT / "docs/reverse_proxies"
KEY = "a key of thirty-two characters or more"
IDENTITY, PORTAL, BILLING = "id.example.gov", "pay.example.gov", "billing.example.gov"
SECONDS = 60
# By Debian's name of the server: its file here, and how it is started with a file in the foreground.
PROXIES = {
    "nginx": (
        "nginx.conf",
        ("nginx", "-g", "daemon off; pid nginx.pid;", "-p", "{directory}", "-c", "{file}"),
    ),
    "apache2": ("httpd.conf", ("apache2", "-D", "FOREGROUND", "-f", "{file}")),
    "caddy": ("Caddyfile", ("caddy", "run", "--adapter", "caddyfile", "--config", "{file}")),
    "haproxy": ("haproxy.cfg", ("haproxy", "-db", "-f", "{file}")),
}


@dataclass(frozen=True)
class Answer:
    """One response."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> dict[str, object]:
        return dict(json.loads(self.body))


@dataclass(frozen=True)
class Front:
    """A proxy that listens, and the authority that its certificate is from."""

    name: str
    https: int
    grpc: int
    certificates: Path

    def send(
        self,
        method: str,
        path: str,
        *,
        host: str = IDENTITY,
        headers: dict[str, str] | None = None,
        body: bytes | Iterable[bytes] | None = None,
        certificate: bool = False,
    ) -> Answer:
        context = ssl.create_default_context(cafile=self.certificates / "chain.pem")
        if certificate:
            context.load_cert_chain(self.certificates / "client.pem")
        with (
            socket.create_connection(("127.0.0.1", self.https), timeout=20) as plain,
            context.wrap_socket(plain, server_hostname=host) as encrypted,
        ):
            connection = http.client.HTTPConnection(host)
            connection.sock = encrypted
            chunked = body is not None and not isinstance(body, bytes)
            sent = {"Transfer-Encoding": "chunked"} if chunked else {}
            connection.request(method, path, body, {**sent, **(headers or {})}, encode_chunked=chunked)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the client's certificate, the servers' and their key."""
    directory = tmp_path_factory.mktemp("certificates")
    (directory / "client.pem").write_bytes(b"".join(self_signed("client.example.gov")))
    chain, key = self_signed(IDENTITY, PORTAL, BILLING)
    for name, content in {"chain": chain, "key": key, "pair": chain + key}.items():
        (directory / f"{name}.pem").write_bytes(content)
    return directory


def command(name: str) -> str:
    return str(Path(sys.executable).parent / name)


@contextmanager
def running(arguments: list[str], port: int, settings: dict[str, str], directory: Path) -> Iterator[None]:
    """Run a server until the block ends; fails with what it says if it does not listen."""
    log = directory / f"{Path(arguments[0]).name}.log"
    environment = {"PATH": f"{os.environ['PATH']}:/usr/sbin", "HOME": str(directory)} | settings
    with log.open("wb") as output:
        process = subprocess.Popen(arguments, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            end = time.monotonic() + SECONDS
            while True:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end, log.read_text()
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(20)


def fill(database_url: str, certificate: x509.Certificate) -> None:
    """Register a city, a website and a client that authenticates by its certificate."""
    storage: Storage = create_command_line_app(database_url).extensions["identity"]
    der = certificate.public_bytes(serialization.Encoding.DER)
    public = certificate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    jwk = ECKey.import_key(pem).as_dict(private=False) | {"x5c": [base64.b64encode(der).decode()], "kid": "a"}
    website = {
        "id": "website",
        "city_id": CITY,
        "name": "The city website",
        "redirect_uris": ["https://city.example/callback"],
        "initiate_login_uri": "https://city.example/sign-in",
    }
    by_certificate = {
        "id": "by-certificate",
        "token_endpoint_auth_method": "self_signed_tls_client_auth",
        "jwks": {"keys": [jwk]},
    }
    city = {
        "id": CITY,
        "name": "City of Pinellas Park",
        "website": "https://www.pinellas-park.com",
        "support_phone": "727-369-0690",
        "support_name": "Utility Billing Department",
        "primary_color": "#1b5e4b",
        "accent_color": "#8a3b12",
        "logo_svg": LOGO,
        "languages": ["en", "es"],
        "time_zone": "America/New_York",
    }
    with storage:
        registry = Registry(storage, SystemClock())
        registry.put_city(read_city(city))
        registry.put_client(read_client(website), CLIENT_SECRET)
        registry.put_client(read_client(website | by_certificate), None)


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[dict[str, int]]:
    """Return the ports of the three services, which run behind one trusted proxy."""
    directory = tmp_path_factory.mktemp("services")
    ports = dict(zip(("identity", "portal", "billing_link"), free_ports(3), strict=True))
    own = {
        "identity": {
            "IDENTITY_ISSUER": f"https://{IDENTITY}",
            "IDENTITY_SECRET_KEYS": KEY,
            "IDENTITY_TRUSTED_PROXIES": "1",
            "IDENTITY_CLIENT_CERTIFICATE_HEADER": "Client-Cert",
        },
        "portal": {
            "PORTAL_BASE_URL": f"https://{PORTAL}",
            "PORTAL_SECRET_KEYS": KEY,
            "PORTAL_TRUSTED_PROXIES": "1",
            "PORTAL_ISSUER": "http://127.0.0.1:9",
            "PORTAL_CLIENT_ID": "citizen-self-service",
            "PORTAL_CLIENT_SECRET": KEY,
            "PORTAL_CITY": CITY,
        },
        "billing_link": {"BILLING_LINK_ISSUER": "http://127.0.0.1:9", "BILLING_LINK_RESOURCE_SECRET": KEY},
    }
    client = x509.load_pem_x509_certificate((certificates / "client.pem").read_bytes())
    with ExitStack() as held:
        for name, settings in own.items():
            settings[f"{name.upper()}_DATABASE_URL"] = f"sqlite:///{directory}/{name}.db"
            settings[f"{name.upper()}_BIND"] = f"127.0.0.1:{ports[name]}"
            environment = {"PATH": os.environ["PATH"]} | settings
            subprocess.run([command(name), "migrate"], env=environment, check=True, capture_output=True)
            if name == "identity":
                fill(settings["IDENTITY_DATABASE_URL"], client)
            held.enter_context(running([command(name), "serve"], ports[name], settings, directory))
        yield ports


def as_it_stands(file: Path, ports: dict[str, int], front: Front, directory: Path) -> str:
    """Return the example with the ports and paths of this test."""
    text = file.read_text()
    for written, meant in {
        "127.0.0.1:8000": f"127.0.0.1:{ports['identity']}",
        "127.0.0.1:8080": f"127.0.0.1:{ports['portal']}",
        "127.0.0.1:50051": f"127.0.0.1:{ports['billing_link']}",
        "50052": str(front.grpc),
        "/etc/ssl/community-access": str(front.certificates),
        "listen 443": f"listen {front.https}",
        "Listen 443": f"Listen {front.https}",
        ":443": f":{front.https}",
        "/run/community-access-proxy": f"{directory}/proxy",
        "/var/log/community-access-proxy": f"{directory}/proxy",
    }.items():
        text = text.replace(written, meant)
    return text


@pytest.fixture(scope="module", params=PROXIES)
def front(
    request: pytest.FixtureRequest,
    ports: dict[str, int],
    certificates: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Front]:
    name = request.param
    if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None:
        pytest.skip(f"install {name} (Debian, Ubuntu)")
    directory = tmp_path_factory.mktemp(name)
    # Its worker processes are another user.
    for folder in (directory, certificates):
        folder.chmod(0o755)
    front = Front(name, *free_ports(2), certificates)
    file, words = PROXIES[name]
    (directory / file).write_text(as_it_stands(FILES / file, ports, front, directory))
    arguments = [word.format(directory=directory, file=directory / file) for word in words]
    with running(arguments, front.https, {}, directory):
        yield front


def test_pages_are_seen_over_https(front: Front) -> None:
    page = front.send("GET", "/sign-in")
    assert (page.status, "Sign in" in page.body.decode()) == (200, True)
    assert "; Secure" in page.headers["Set-Cookie"]
    portal = front.send("GET", "/health/live", host=PORTAL)
    assert (portal.status, portal.json()) == (200, {"status": "ok"})


def test_the_visitor_is_the_one_at_the_socket(front: Front) -> None:
    seen = {"address": "127.0.0.1", "scheme": "https", "forwarded": 1}
    assert front.send("GET", "/health/visitor").json() == seen


@pytest.mark.parametrize(
    "forged",
    [
        {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"},
        {"X-Forwarded-For": "203.0.113.9, 203.0.113.10", "X-Forwarded-Proto": "http, http"},
        {"Forwarded": "for=203.0.113.9;proto=http"},
        # Another name, which WSGI writes as the same one.
        {"X_Forwarded_For": "203.0.113.9", "X_Forwarded_Proto": "http"},
        {"X-Forwarded_For": "203.0.113.9", "X_Forwarded-Proto": "http"},
    ],
)
def test_what_a_visitor_forges_is_not_believed(front: Front, forged: dict[str, str]) -> None:
    seen = {"address": "127.0.0.1", "scheme": "https", "forwarded": 1}
    assert front.send("GET", "/health/visitor", headers=forged).json() == seen


@pytest.mark.parametrize("length", [100, 3_300, 8_000])
def test_a_long_state_returns_to_the_website(front: Front, length: int) -> None:
    query = {
        "response_type": "code",
        "client_id": "website",
        "redirect_uri": "https://city.example/callback",
        "scope": "openid",
        "state": "s" * length,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "prompt": "none",
    }
    answer = front.send("GET", f"/authorize?{urlencode(query)}")
    returned = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert (answer.status, returned["error"], returned["state"]) == (303, ["login_required"], ["s" * length])


def test_too_large_a_body_is_refused_by_us_in_json(front: Front) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = b"grant_type=" + b"x" * 100_000
    whole = front.send("POST", "/token", headers=form, body=body)
    pieces = front.send(
        "POST", "/token", headers=form, body=(body[at : at + 10_000] for at in range(0, 100_011, 10_000))
    )
    for answer in (whole, pieces):
        assert (answer.status, answer.json()) == (413, {"error": "invalid_request"})


@pytest.mark.parametrize(("host", "path"), [(IDENTITY, "/sign-in"), (PORTAL, "/sign-out")])
def test_too_large_a_form_is_refused_by_a_page(front: Front, host: str, path: str) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = front.send("POST", path, host=host, headers=form, body=b"email=" + b"x" * 900_000)
    assert answer.status == 413
    assert "</html>" in answer.body.decode()


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/jwks"), ("PUT", "/token"), ("POST", "/no/such/page")]
)
def test_a_body_that_is_not_wanted_does_not_hide_the_refusal(front: Front, method: str, path: str) -> None:
    answer = front.send(method, path, body=b"x" * 900_000)
    assert answer.status in (404, 405)
    assert answer.body


def test_a_client_certificate_arrives_and_cannot_be_forged(front: Front) -> None:
    sent = {
        "grant_type": "authorization_code",
        "client_id": "by-certificate",
        "code": "x",
        "redirect_uri": "x",
    }
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode(sent).encode()
    der = ssl.PEM_cert_to_DER_cert(
        (front.certificates / "client.pem").read_text().partition("-----BEGIN PRIVATE")[0]
    )
    written = f":{base64.b64encode(der).decode()}:"

    assert (
        front.send("POST", "/token", headers=form, body=body, certificate=True).json()["error"]
        == "invalid_grant"
    )
    for forged in ({}, {"Client-Cert": written}, {"Client_Cert": written}):
        answer = front.send("POST", "/token", headers=form | forged, body=body)
        assert answer.json()["error"] == "invalid_client", forged


# Apache does not pass trailers on, as its file says.
@pytest.mark.parametrize("front", [name for name in PROXIES if name != "apache2"], indirect=True)
def test_grpc_passes(front: Front) -> None:
    credentials = grpc.ssl_channel_credentials((front.certificates / "chain.pem").read_bytes())
    options = [("grpc.ssl_target_name_override", BILLING)]
    with grpc.secure_channel(f"127.0.0.1:{front.grpc}", credentials, options) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=20)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


# What most people write, with nginx's own limits; nginx may pass a body on while it arrives.
STOCK_NGINX = """
events {}
http {
    access_log off;
    server {
        listen 443 ssl;
        ssl_certificate /etc/ssl/community-access/chain.pem;
        ssl_certificate_key /etc/ssl/community-access/key.pem;
        proxy_request_buffering %s;
        proxy_http_version 1.1;
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
        location / { proxy_pass http://127.0.0.1:8000; }
    }
}
"""


@pytest.mark.parametrize("buffering", ["on", "off"])
def test_the_refusal_of_a_large_body_passes_an_nginx_with_its_own_limits(
    ports: dict[str, int], certificates: Path, tmp_path: Path, buffering: str
) -> None:
    tmp_path.chmod(0o755)
    front = Front("nginx", *free_ports(2), certificates)
    file = tmp_path / "nginx.conf"
    file.write_text(STOCK_NGINX % buffering)
    file.write_text(as_it_stands(file, ports, front, tmp_path))
    arguments = [word.format(directory=tmp_path, file=file) for word in PROXIES["nginx"][1]]
    with running(arguments, front.https, {}, tmp_path):
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        for _ in range(20):
            answer = front.send("POST", "/token", headers=form, body=b"grant_type=" + b"x" * 900_000)
            assert (answer.status, answer.json()) == (413, {"error": "invalid_request"})
        forged = {"X-Forwarded-For": "203.0.113.9"}
        assert front.send("GET", "/health/visitor", headers=forged).json()["address"] == "127.0.0.1"


LARGER_BUFFERS = (
    "http {\n    proxy_buffer_size 64k;\n    proxy_buffers 8 64k;\n    proxy_busy_buffers_size 64k;"
)


@pytest.mark.parametrize(
    ("nginx", "trusted", "problems"),
    [
        (STOCK_NGINX % "on", "1", {"long answers"}),
        ((STOCK_NGINX % "on").replace("http {", LARGER_BUFFERS), "1", set()),
        ((STOCK_NGINX % "on").replace("http {", LARGER_BUFFERS), "2", {"trusted proxies"}),
        ((STOCK_NGINX % "on").replace("127.0.0.1:8000;", "127.0.0.1:8000/x/;"), "1", {"public address"}),
    ],
)
def test_identitys_doctor_finds_what_a_proxy_does(
    certificate_authority: CertificateAuthority, tmp_path: Path, nginx: str, trusted: str, problems: set[str]
) -> None:
    tmp_path.chmod(0o755)
    identity, https = free_ports(2)
    certificates = tmp_path / "certificates"
    certificates.mkdir(mode=0o755)
    issued = certificate_authority.issue("localhost")
    shutil.copy(issued.certificate, certificates / "chain.pem")
    shutil.copy(issued.key, certificates / "key.pem")
    settings = {
        "PATH": os.environ["PATH"],
        "IDENTITY_ISSUER": f"https://localhost:{https}",
        "IDENTITY_BIND": f"127.0.0.1:{identity}",
        "IDENTITY_DATABASE_URL": f"sqlite:///{tmp_path}/identity.db",
        "IDENTITY_SECRET_KEYS": KEY,
        "IDENTITY_TRUSTED_PROXIES": trusted,
        "IDENTITY_CA_FILE": str(certificate_authority.file),
        "IDENTITY_MAIL_SENDER": "City <no-reply@id.example.gov>",
    }
    subprocess.run([command("identity"), "migrate"], env=settings, check=True, capture_output=True)
    client, _key = self_signed("client.example.gov")
    fill(settings["IDENTITY_DATABASE_URL"], x509.load_pem_x509_certificate(client))
    file = tmp_path / "nginx.conf"
    file.write_text(nginx)
    ports = {"identity": identity, "portal": 9, "billing_link": 9}
    file.write_text(as_it_stands(file, ports, Front("nginx", https, 9, certificates), tmp_path))
    arguments = [word.format(directory=tmp_path, file=file) for word in PROXIES["nginx"][1]]
    with (
        running([command("identity"), "serve"], identity, settings, tmp_path),
        running(arguments, https, {}, tmp_path),
    ):
        doctor = subprocess.run(
            [command("identity"), "doctor", "--json"], env=settings, check=False, capture_output=True
        )
    # None of these tests has a mail server, or a proxy that hands certificates on.
    elsewhere = {"mail server", "client by-certificate"}
    found = {each["check"] for each in json.loads(doctor.stdout) if each["verdict"] == "problem"}
    assert found - elsewhere == problems
