"""Clients that others wrote, each on a website of its own, complete the whole flow with identity as it runs.

Sign-in goes through the real pages. What each client does of refreshing and signing out, it does here.
"""

import base64
import grp
import json
import os
import pwd
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

HERE = Path(__file__).parent
ENVIRONMENTS = Path(__file__).parents[3] / ".local/clients"
MODULES = Path("/usr/lib/apache2/modules")
NAMES = {"given_name": "Jane", "family_name": "Doe"}
SUB, EMAIL = "resident-jane", "jane@example.com"

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]


@pytest.fixture
def start(landing: Any, tmp_path: Path, serve: Any) -> Iterator[Callable[..., Any]]:
    """Return a function that starts a website and returns it; it is stopped afterwards."""
    with ExitStack() as held:

        def run(name: str, command: list[str], directory: Path = tmp_path, **settings: str) -> Any:
            website = landing.websites[name]
            held.enter_context(serve(command, website.url, website.environment | settings, directory))
            return website

        yield run


def own_python(name: str) -> str:
    """Return the interpreter of a client's own environment, which `make test` makes."""
    python = ENVIRONMENTS / name / "bin/python"
    if not python.exists():
        pytest.skip(f"{python} is missing: make test makes it")
    return str(python)


def node() -> str:
    """Return Node, where its packages are installed."""
    found = shutil.which("node", path=f"{os.environ['PATH']}{os.pathsep}{ENVIRONMENTS.parents[1]}/.venv/bin")
    if found is None or not (HERE / "node/node_modules").exists():
        pytest.skip(
            "Node or the packages of tests/protocol/clients/node are missing: make test installs them"
        )
    return found


def said(page: requests.Response) -> dict[str, Any]:
    assert page.status_code == 200, (page.url, page.status_code, page.text[:3000])
    content: dict[str, Any] = page.json()
    return content


def claims_of(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def asks_to_sign_in(visitor: Any, landing: Any, url: str) -> bool:
    return bool(visitor.open(url).url.startswith(f"{landing.issuer}/sign-in"))


@pytest.mark.parametrize("name", ["authlib", "openid-client", "oauth4webapi", "openid-client with keys"])
def test_a_client_that_does_everything(landing: Any, visitor: Any, start: Any, name: str):
    website = start(name, command_of(name))
    does_everything(landing, visitor, website, visitor.sign_in(visitor.open(f"{website.url}/sign-in")))


def test_a_client_that_registers_itself(landing: Any, visitor: Any, start: Any):
    website = start("openid-client that registers itself", command_of("openid-client"))
    question = visitor.sign_in(visitor.open(f"{website.url}/sign-in"))
    assert "A website that registers itself" in question.text
    does_everything(landing, visitor, website, visitor.submit(question, answer="yes"))


def command_of(name: str) -> list[str]:
    if name == "authlib":
        return [sys.executable, str(HERE / "authlib/website.py")]
    return [node(), str(HERE / f"node/with_{name.split(maxsplit=1)[0].replace('-', '_')}.mjs")]


def does_everything(landing: Any, visitor: Any, website: Any, signed_in: requests.Response) -> None:
    first = said(signed_in)
    assert (first["claims"]["sub"], first["claims"]["iss"]) == (SUB, landing.issuer)
    assert first["profile"].items() >= {"sub": SUB, "email": EMAIL, "email_verified": True, **NAMES}.items()

    second = said(visitor.open(f"{website.url}/refresh"))
    assert second["access_token"] != first["access_token"]
    assert second["profile"]["sub"] == SUB

    page = visitor.open(f"{website.url}/sign-out")
    # Authlib sends a state, and gets it back.
    assert page.url.partition("?")[0] == f"{website.url}/"
    assert said(page) == {}
    assert asks_to_sign_in(visitor, landing, f"{website.url}/sign-in")


def test_flask_oidc(landing: Any, visitor: Any, start: Any):
    website = start("flask-oidc", [own_python("flask_oidc"), str(HERE / "flask_oidc/website.py")])

    first = said(visitor.sign_in(visitor.open(f"{website.url}/private")))
    assert (first["claims"]["sub"], first["claims"]["aud"]) == (SUB, "flask-oidc")
    assert first["profile"].items() >= {"sub": SUB, "email": EMAIL, **NAMES}.items()

    # It refreshes by itself when its token looks old.
    visitor.open(f"{website.url}/expire")
    second = said(visitor.open(f"{website.url}/"))
    assert second["access_token"] != first["access_token"]

    # It signs out of the website alone: identity knows the resident still.
    assert said(visitor.open(f"{website.url}/logout")) == {}
    assert said(visitor.open(f"{website.url}/private"))["claims"]["sub"] == SUB


def test_mozilla_django_oidc(landing: Any, visitor: Any, start: Any):
    python = own_python("mozilla_django_oidc")
    website = start("mozilla-django-oidc", [python, str(HERE / "mozilla_django_oidc/website.py")])

    first = said(visitor.sign_in(visitor.open(f"{website.url}/oidc/authenticate/")))
    assert first["profile"] == {"email": EMAIL}
    assert claims_of(first["id_token"])["sub"] == SUB

    # It asks again with prompt=none when its ID token is old, without a page.
    second = said(visitor.open(f"{website.url}/expire"))
    assert second["id_token"] != first["id_token"]
    assert claims_of(second["id_token"])["auth_time"] == claims_of(first["id_token"])["auth_time"]

    page = visitor.open(f"{website.url}/oidc/logout/")
    assert page.url == f"{website.url}/"
    assert said(page) == {}
    assert asks_to_sign_in(visitor, landing, f"{website.url}/oidc/authenticate/")


def test_social_auth_core(visitor: Any, start: Any):
    website = start("social-auth-core", [own_python("social_auth"), str(HERE / "social_auth/website.py")])

    first = said(visitor.sign_in(visitor.press(f"{website.url}/login/oidc/")))
    assert first["profile"] == {"sub": SUB, "email": EMAIL, **NAMES}

    second = said(visitor.open(f"{website.url}/refresh"))
    assert second["access_token"] != first["access_token"]

    # It signs out of the website alone.
    assert said(visitor.open(f"{website.url}/sign-out")) == {}
    assert said(visitor.press(f"{website.url}/login/oidc/"))["profile"]["sub"] == SUB


PAGE = """<!--#echo encoding="none" var="OIDC_CLAIM_sub" -->
<!--#echo encoding="none" var="OIDC_CLAIM_iss" -->
<!--#echo encoding="none" var="OIDC_CLAIM_email" -->
<!--#echo encoding="none" var="OIDC_CLAIM_given_name" -->
<!--#echo encoding="none" var="OIDC_access_token" -->"""


@pytest.fixture
def httpd_directory() -> Iterator[Path]:
    """Return a directory that Apache can read, as whichever user it runs."""
    # pytest's own directories are closed to others, and for root Apache runs as another user.
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        (directory / "pages/signed-in").mkdir(parents=True)
        (directory / "pages/index.html").write_text("Welcome to the city")
        (directory / "pages/signed-in/index.html").write_text(PAGE)
        yield directory


def test_mod_auth_openidc(landing: Any, visitor: Any, start: Any, httpd_directory: Path):
    httpd = shutil.which("apache2", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if httpd is None or not (MODULES / "mod_auth_openidc.so").exists():
        pytest.skip("install apache2 and libapache2-mod-auth-openidc (Debian, Ubuntu)")
    user = "www-data" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    group = grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
    bind = landing.websites["mod_auth_openidc"].url.removeprefix("http://")
    website = start(
        "mod_auth_openidc",
        [httpd, "-D", "FOREGROUND", "-f", str(HERE / "apache/httpd.conf")],
        httpd_directory,
        DIRECTORY=str(httpd_directory),
        MODULES=str(MODULES),
        BIND=bind,
        SERVER_USER=user,
        SERVER_GROUP=group,
    )

    inside = f"{website.url}/signed-in/"
    first = visitor.sign_in(visitor.open(inside))
    assert first.url == inside, (first.url, first.text, (httpd_directory / "error.log").read_text())
    *told, first_token = first.text.splitlines()
    assert told == [SUB, landing.issuer, EMAIL, "Jane"]

    # It refreshes at every request, as the configuration says.
    time.sleep(1)
    *told, second_token = visitor.open(inside).text.splitlines()
    assert told[0] == SUB
    assert second_token not in ("", "(none)", first_token)

    page = visitor.open(f"{inside}callback?logout={website.url}/")
    assert page.url.startswith(f"{website.url}/")
    assert page.text == "Welcome to the city"
    assert asks_to_sign_in(visitor, landing, inside)
