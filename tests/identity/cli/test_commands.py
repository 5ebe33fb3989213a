"""The command line: tables and JSON, refusals in plain words, exit codes; secrets are shown once."""

import json
import re
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from certificates import write_self_signed
from click.testing import CliRunner, Result
from identity.audit.events import Event
from identity.audit.models import AuditEvent
from identity.audit.seals import seal_events
from identity.audit.store import Audit
from identity.cli import main
from identity.cli.operator import unknown_settings
from identity.composition.command_line import create_command_line_app
from identity.database_faults import DatabaseFault, DatabaseUnavailableError
from identity.errors import UnavailableError
from identity.signing_keys import rotation
from identity.storage import Storage
from signing_client import JWKS, KEYS
from sqlalchemy import select, update

KEY = "a key of thirty-two characters or more"
SECRET = "a-secret-of-at-least-thirty-two-chars"
CITY = {
    "id": "pinellas-park",
    "name": "City of Pinellas Park",
    "website": "https://www.pinellas-park.com",
    "support_phone": "727-369-0690",
    "support_name": "Utility Billing Department",
    "primary_color": "#1b5e4b",
    "accent_color": "#8a3b12",
    "languages": ["en", "es"],
    "time_zone": "America/New_York",
}
CLIENT = {
    "id": "city-website",
    "city_id": "pinellas-park",
    "name": "The city website",
    "redirect_uris": ["https://city.example/callback"],
    "initiate_login_uri": "https://city.example/sign-in",
}
LOGO = '<svg xmlns="http://www.w3.org/2000/svg"/>'
Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("IDENTITY_ISSUER", "http://localhost:8000")
    monkeypatch.setenv("IDENTITY_DATABASE_URL", database_url)
    monkeypatch.setenv("IDENTITY_SECRET_KEYS", KEY)
    monkeypatch.setenv("IDENTITY_SMTP_URL", "smtp://127.0.0.1:1")
    monkeypatch.setenv("CLIENT_SECRET", SECRET)
    monkeypatch.setattr(rotation, "RSA_BITS", 2048)
    return lambda *arguments, text=None: CliRunner().invoke(main, arguments, input=text)


@pytest.fixture
def city(run: Run) -> None:
    assert run("cities", "put", "-", text=json.dumps(CITY | {"logo_svg": LOGO})).exit_code == 0


def test_every_command_explains_itself(run: Run):
    for command in ((), ("clients",), ("clients", "create"), ("cities",), ("keys",), ("resources", "put")):
        result = run(*command, "--help")
        assert result.exit_code == 0
        assert "Usage:" in result.output


def test_wrong_settings_are_named_and_end_with_two(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("IDENTITY_ISSUER")
    monkeypatch.setenv("IDENTITY_SECRET_KEYS", "short")
    for command in (("doctor",), ("serve",), ("worker",), ("migrate",), ("clients", "list")):
        result = run(*command)
        assert result.exit_code == 2, command
        assert result.stdout == ""
        lines = result.stderr.splitlines()
        assert lines[0].startswith("IDENTITY_ISSUER: is not set")
        assert lines[1].startswith("IDENTITY_SECRET_KEYS: give one or more keys")
        assert "short" not in result.stderr


def test_faults_of_settings_and_of_providers_are_named_together(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("IDENTITY_BIND", "8000")
    monkeypatch.setenv("IDENTITY_GOOGLE_CLIENT_ID", "id")
    result = run("serve")
    assert result.exit_code == 2
    bind, google = result.stderr.splitlines()
    assert bind.startswith("IDENTITY_BIND: give host:port")
    assert google.startswith("IDENTITY_GOOGLE_CLIENT_SECRET: is not set")


def test_a_taken_port_is_one_line_that_names_it(run: Run, monkeypatch: pytest.MonkeyPatch):
    run("migrate")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("IDENTITY_BIND", bind)
        result = run("serve")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"IDENTITY_BIND: cannot listen on {bind}: Address already in use")


def test_a_misspelt_variable_is_told_with_the_nearest_name():
    names = ["IDENTITY_ISSUR", "IDENTITY_GOOGLE_CLIENTID", "IDENTITY_OPENID_STATE_ISSUER", "PATH"]
    assert unknown_settings(names) == [
        "IDENTITY_GOOGLE_CLIENTID: no such setting, ignored (did you mean IDENTITY_GOOGLE_CLIENT_ID?)",
        "IDENTITY_ISSUR: no such setting, ignored (did you mean IDENTITY_ISSUER?)",
    ]


def test_an_unreachable_database_is_said_plainly(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("IDENTITY_DATABASE_URL", "postgresql+psycopg://nobody:hidden@127.0.0.1:1/x")
    for command in (("clients", "list"), ("migrate",), ("serve",), ("worker",)):
        result = run(*command)
        assert result.exit_code == 1, command
        assert "the database does not answer: check IDENTITY_DATABASE_URL" in result.stderr
        assert "hidden" not in result.output


def test_a_database_without_tables_is_said_plainly(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("IDENTITY_DATABASE_URL", f"sqlite:///{tmp_path / 'empty.db'}")
    result = run("clients", "list")
    assert result.exit_code == 1
    assert "run `identity migrate` first" in result.stderr


def test_migrate_makes_the_keys_and_may_be_repeated(run: Run):
    assert "Made 2 signing keys" in run("migrate").output
    assert run("migrate").output == "The database is up to date.\n"
    keys = json.loads(run("keys", "list", "--json").output)
    assert sorted((key["alg"], key["state"]) for key in keys) == [("ES256", "active"), ("RS256", "active")]


def test_keys_rotate_and_revoke(run: Run):
    run("migrate")
    assert "Published 2 keys" in run("keys", "rotate").output
    again = run("keys", "rotate")
    assert again.exit_code == 1
    assert "published already" in again.stderr
    kid = json.loads(run("keys", "list", "--json").output)[0]["kid"]
    assert run("keys", "revoke", kid, text="n\n").exit_code == 1
    assert run("keys", "revoke", kid, "--yes").output.endswith("revoked\n")
    assert run("keys", "revoke", "unknown", "--yes").exit_code == 1
    table = run("keys", "list").output.splitlines()
    assert table[0].split()[:3] == ["KID", "ALG", "STATE"]
    assert len(table) == 5


def test_an_identifier_may_begin_with_a_dash_and_contain_the_letter_of_an_option(run: Run):
    run("migrate")
    refused = run("keys", "revoke", "-Yh1", "--yes")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "there is no key '-Yh1'" in refused.stderr
    assert "Usage: " in run("keys", "revoke", "-h").output


def test_a_city_comes_from_a_file_with_its_drawing_beside_it(run: Run, tmp_path: Path):
    (tmp_path / "logo.svg").write_text(LOGO)
    file = tmp_path / "city.json"
    file.write_text(json.dumps(CITY | {"logo_file": "logo.svg"}))
    assert run("cities", "put", str(file)).output == "pinellas-park: created\n"
    assert run("cities", "put", str(file)).output == "pinellas-park: unchanged\n"
    assert json.loads(run("cities", "show", "pinellas-park", "--json").output)["logo_svg"] == LOGO
    assert "City of Pinellas Park" in run("cities", "list").output
    file.write_text(json.dumps(CITY | {"logo_file": "missing.svg"}))
    assert "cannot read" in run("cities", "put", str(file)).stderr


def test_what_is_wrong_with_a_file_is_said_line_by_line(run: Run, tmp_path: Path):
    bad = run("cities", "put", "-", text=json.dumps(CITY | {"logo_svg": LOGO, "primary_color": "#ffff00"}))
    assert bad.exit_code == 1
    assert bad.stderr.startswith("identity: primary_color: '#ffff00' has a contrast of")
    assert "is not JSON" in run("cities", "put", "-", text="{").stderr
    assert "one JSON object" in run("clients", "put", "-", text="[]").stderr
    assert run("cities", "put", str(tmp_path / "none.json")).exit_code == 2
    assert "there is no city 'x'" in run("cities", "show", "x").stderr


@pytest.mark.usefixtures("city")
def test_a_client_with_a_given_secret_is_put_again_without_change(run: Run):
    arguments = ("clients", "put", "-", "--secret-from-env", "CLIENT_SECRET")
    first = run(*arguments, text=json.dumps(CLIENT))
    assert first.output == "city-website: created\n"
    assert run(*arguments, text=json.dumps(CLIENT)).output == "city-website: unchanged\n"
    assert SECRET not in first.output
    assert (
        "NOT_SET is not set"
        in run("clients", "put", "-", "--secret-from-env", "NOT_SET", text=json.dumps(CLIENT)).stderr
    )


@pytest.mark.usefixtures("city")
def test_create_shows_the_secret_once_and_show_never(run: Run, tmp_path: Path):
    options = (
        *("--city", "pinellas-park", "--name", "The city website"),
        *("--redirect-uri", "https://city.example/callback"),
        *("--initiate-login-uri", "https://city.example/sign-in"),
    )
    created = run("clients", "create", "city-website", *options)
    assert created.exit_code == 0
    secret = created.output.split("secret (shown once): ")[1].strip()
    assert secret not in run("clients", "show", "city-website").output
    assert secret not in run("clients", "show", "city-website", "--json").output
    assert "already" in run("clients", "create", "city-website", *options).stderr
    file = tmp_path / "secret"
    hidden = run("clients", "create", "another", *options, "--secret-file", str(file))
    assert hidden.exit_code == 0
    assert len(file.read_text().strip()) == 43
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().strip() not in hidden.output


@pytest.mark.usefixtures("city")
@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("Parks and Recreation", "parks-and-recreation"),
        ("Biblioteca Pública & Años 60", "biblioteca-publica-anos-60"),
        ("x" * 63 + " y", "x" * 63),
    ],
)
def test_an_id_that_is_not_given_is_made_from_the_name(run: Run, name: str, made: str):
    options = (
        *("--city", "pinellas-park", "--name", name),
        *("--redirect-uri", "https://city.example/callback"),
        *("--initiate-login-uri", "https://city.example/sign-in"),
    )
    assert run("clients", "create", *options).output.startswith(f"{made}: created\n")
    assert f"there is a client '{made}' already" in run("clients", "create", *options).stderr


@pytest.mark.usefixtures("city")
def test_a_name_that_gives_no_id_is_refused(run: Run):
    refused = run("clients", "create", "--city", "pinellas-park", "--name", "市民")
    assert refused.exit_code == 1
    assert "give the client an id" in refused.stderr


@pytest.mark.usefixtures("city")
def test_update_changes_what_is_named_and_leaves_the_rest(run: Run):
    run("clients", "put", "-", "--secret-from-env", "CLIENT_SECRET", text=json.dumps(CLIENT))
    assert run("clients", "update", "city-website", "--without-pkce").output == "city-website: updated\n"
    shown = json.loads(run("clients", "show", "city-website", "--json").output)
    assert shown["pkce_required"] is False
    assert shown["redirect_uris"] == CLIENT["redirect_uris"]
    assert shown["secrets"] == 1
    bad = run("clients", "update", "city-website", "--redirect-uri", "javascript:alert(1)")
    assert bad.exit_code == 1
    assert run("clients", "update", "nobody").exit_code == 1


@pytest.mark.usefixtures("city")
def test_a_client_without_residents_is_created_by_options(run: Run):
    made = run("resources", "put", "urn:x:billing", "--name", "Billing", "--scopes", "billing.read")
    assert made.exit_code == 0
    options = ("--city", "pinellas-park", "--name", "Meter readings", "--scope", "billing.read")
    grants = ("--grant-type", "client_credentials", "--resource", "urn:x:billing")
    assert run("clients", "create", "meters", *options, *grants).exit_code == 0
    shown = json.loads(run("clients", "show", "meters", "--json").output)
    assert (shown["grant_types"], shown["redirect_uris"]) == (["client_credentials"], [])
    exchange = ("--grant-type", "urn:ietf:params:oauth:grant-type:token-exchange")
    alone = run("clients", "update", "meters", *exchange)
    assert alone.exit_code == 1
    assert "grant_types must contain" in alone.stderr
    both = (*grants, *exchange, "--token-exchange-resource", "urn:x:billing")
    assert run("clients", "update", "meters", *both).output == "meters: updated\n"


@pytest.mark.usefixtures("city")
def test_secrets_are_rotated_and_clients_disabled(run: Run):
    run("clients", "put", "-", "--secret-from-env", "CLIENT_SECRET", text=json.dumps(CLIENT))
    assert "secret (shown once): " in run("clients", "rotate-secret", "city-website").output
    assert json.loads(run("clients", "show", "city-website", "--json").output)["secrets"] == 2
    assert run("clients", "disable", "city-website").output == "city-website: disabled\n"
    assert run("clients", "disable", "city-website").exit_code == 1
    assert run("clients", "rotate-secret", "nobody").exit_code == 1
    listed = json.loads(run("clients", "list", "--json").output)
    assert listed[0]["disabled_at"] is not None


def test_a_resource_is_put_with_a_given_secret_or_a_new_one(run: Run):
    arguments = (
        "resources",
        "put",
        "urn:x:billing",
        "--name",
        "Billing",
        "--scopes",
        "billing.read billing.link",
    )
    given = run(*arguments, "--secret-from-env", "CLIENT_SECRET")
    assert given.output == "urn:x:billing: created\n"
    assert run(*arguments, "--secret-from-env", "CLIENT_SECRET").output == "urn:x:billing: unchanged\n"
    assert "secret (shown once): " in run(*arguments).output
    assert "billing.link billing.read" in run("resources", "list").output
    assert run("resources", "put", "no-uri", "--name", "x", "--scopes", "x").exit_code == 1


def test_every_change_by_an_operator_is_recorded(run: Run, city: None, database_url: str):
    run("clients", "put", "-", "--secret-from-env", "CLIENT_SECRET", text=json.dumps(CLIENT))
    run("clients", "update", "city-website", "--name", "Renamed")
    run("clients", "rotate-secret", "city-website")
    run("clients", "disable", "city-website")
    app = create_command_line_app(database_url)
    storage: Storage = app.extensions["identity"]
    with storage, storage.transaction() as tx:
        recorded = sorted(tx.scalars(select(AuditEvent.event)))
    assert recorded == sorted(
        ["city_changed", "client_created", "client_updated", "client_secret_rotated", "client_disabled"]
    )


@pytest.mark.usefixtures("city")
def test_the_doctor_says_what_to_do(run: Run):
    run("migrate")
    run("clients", "put", "-", text=json.dumps(CLIENT | {"pkce_required": False}))
    result = run("doctor")
    assert result.exit_code == 1
    assert "problem mail server: cannot be reached" in result.output
    assert "or check IDENTITY_SMTP_URL" in result.output
    assert "note    client city-website: is registered without PKCE" in result.output
    assert "ok      database: answers" in result.output
    findings = json.loads(run("doctor", "--json").output)
    assert [f["check"] for f in findings if f["verdict"] == "problem"] == ["mail server"]


def test_the_doctor_finds_what_is_missing(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    findings = {f["check"]: f["verdict"] for f in json.loads(run("doctor", "--json").output)}
    assert findings["ES256 key"] == findings["RS256 key"] == "problem"
    assert findings["cities"] == findings["clients"] == "note"
    monkeypatch.setenv("IDENTITY_DATABASE_URL", f"sqlite:///{tmp_path / 'empty.db'}")
    assert "run `identity migrate`" in run("doctor").output
    monkeypatch.setenv("IDENTITY_DATABASE_URL", "postgresql://identity@127.0.0.1:1/none")
    assert "does not answer" in run("doctor").output


def test_the_doctor_notices_keys_that_do_not_open(run: Run, monkeypatch: pytest.MonkeyPatch):
    run("migrate")
    monkeypatch.setenv("IDENTITY_SECRET_KEYS", "quite another key of thirty-two characters")
    result = run("doctor")
    assert "cannot be decrypted with IDENTITY_SECRET_KEYS" in result.output


@pytest.mark.usefixtures("city")
def test_a_client_with_keys_has_no_secret(run: Run, tmp_path: Path):
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(JWKS))
    options = (
        *("--city", "pinellas-park", "--name", "The city website"),
        *("--redirect-uri", "https://city.example/callback"),
        *("--initiate-login-uri", "https://city.example/sign-in"),
        *("--authentication", "private_key_jwt"),
    )
    assert "needs jwks or jwks_uri" in run("clients", "create", "signing", *options).stderr
    created = run("clients", "create", "signing", *options, "--jwks", str(keys))
    assert created.output == "signing: created\n"
    assert '"kty": "EC"' in run("clients", "show", "signing").output
    shown = json.loads(run("clients", "show", "signing", "--json").output)
    assert (shown["jwks"], shown["secrets"]) == (JWKS, 0)
    assert "with a secret" in run("clients", "rotate-secret", "signing").stderr
    moved = run(
        "clients", "update", "signing", "--jwks-uri", "https://city.example/jwks", "--pushed-requests"
    )
    assert moved.exit_code == 0
    shown = json.loads(run("clients", "show", "signing", "--json").output)
    assert (shown["jwks"], shown["jwks_uri"]) == (None, "https://city.example/jwks")
    assert shown["require_pushed_authorization_requests"] is True
    private = json.dumps({"keys": [KEYS["ES256"].as_dict(private=True)]})
    refused = run("clients", "update", "signing", "--jwks", "-", text=private)
    assert "private parts" in refused.stderr


@pytest.mark.usefixtures("city")
def test_how_a_client_is_told_of_residents(run: Run):
    run("migrate")
    run("clients", "put", "-", "--secret-from-env", "CLIENT_SECRET", text=json.dumps(CLIENT))
    options = ("--subject-type", "pairwise", "--userinfo-alg", "EdDSA", "--id-token-alg", "EdDSA")
    assert run("clients", "update", "city-website", *options).output == "city-website: updated\n"
    assert run("clients", "update", "city-website", *options).output == "city-website: unchanged\n"
    names = ("subject_type", "userinfo_signed_response_alg", "id_token_signed_response_alg")
    output = run("clients", "show", "city-website", "--json").output
    assert [json.loads(output)[name] for name in names] == ["pairwise", "EdDSA", "EdDSA"]
    assert "subject_salt" not in output + run("cities", "show", "pinellas-park", "--json").output
    keys = json.loads(run("keys", "list", "--json").output)
    assert [key["state"] for key in keys if key["alg"] == "EdDSA"] == ["active"]
    run("clients", "update", "city-website", "--userinfo-alg", "json")
    shown = json.loads(run("clients", "show", "city-website", "--json").output)
    assert [shown[name] for name in names] == ["pairwise", "", "EdDSA"]
    assert run("clients", "update", "city-website", "--subject-type", "secret").exit_code == 2


@pytest.mark.usefixtures("city")
def test_a_secret_ends_when_a_client_changes_to_keys(run: Run):
    run("clients", "put", "-", "--secret-from-env", "CLIENT_SECRET", text=json.dumps(CLIENT))
    changed = CLIENT | {"token_endpoint_auth_method": "private_key_jwt", "jwks": JWKS}
    assert run("clients", "put", "-", text=json.dumps(changed)).output == "city-website: updated\n"
    assert run("clients", "put", "-", text=json.dumps(changed)).output == "city-website: unchanged\n"
    back = run("clients", "put", "-", text=json.dumps(CLIENT))
    assert "secret (shown once): " in back.output


@pytest.mark.usefixtures("city")
def test_one_switch_makes_a_client_follow_fapi2_and_the_doctor_lists_it(run: Run):
    run("migrate")
    third_party = json.dumps(CLIENT | {"first_party": False})
    run("clients", "put", "-", "--secret-from-env", "CLIENT_SECRET", text=third_party)
    refused = run("clients", "update", "city-website", "--profile", "fapi2")
    assert "profile fapi2 needs token_endpoint_auth_method" in refused.stderr
    keys = ("--authentication", "private_key_jwt", "--jwks-uri", "https://city.example/jwks")
    assert run("clients", "update", "city-website", "--profile", "fapi2", *keys).exit_code == 0
    shown = json.loads(run("clients", "show", "city-website", "--json").output)
    assert shown["profile"] == "fapi2"
    assert shown["id_token_signed_response_alg"] == "ES256"
    assert shown["first_party"] is False
    assert shown["dpop_bound_access_tokens"] is True
    assert shown["require_pushed_authorization_requests"] is True
    weaker = run("clients", "update", "city-website", "--any-requests")
    assert "require_pushed_authorization_requests" in weaker.stderr
    assert (
        "ok      client city-website: follows FAPI 2.0: pushed requests, private_key_jwt"
        in run("doctor").output
    )


@pytest.mark.usefixtures("city")
def test_the_doctor_misses_the_proxy_and_the_authority(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    run("migrate")
    by_certificate = {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=x"}
    assert run("clients", "put", "-", text=json.dumps(CLIENT | by_certificate)).exit_code == 0
    assert "needs client certificates, which no proxy hands on" in run("doctor").output
    monkeypatch.setenv("IDENTITY_CLIENT_CERTIFICATE_HEADER", "Client-Cert")
    monkeypatch.setenv("IDENTITY_TRUSTED_PROXIES", "1")
    assert "uses tls_client_auth, but no authority is trusted" in run("doctor").output
    authorities, _ = write_self_signed(tmp_path, "authority.example")
    monkeypatch.setenv("IDENTITY_CLIENT_CERTIFICATE_AUTHORITIES", str(authorities))
    assert "client city-website" not in run("doctor").output


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_machine_with_another_time_than_its_database_does_not_start(
    run: Run, city: None, monkeypatch: pytest.MonkeyPatch, command: str
):
    monkeypatch.setattr("identity.cli.worker.end_by_signal", lambda _stop: None)
    monkeypatch.setattr("identity.cli.operator.measure_lead", lambda *_: (None, timedelta(hours=2)))
    result = run(command)
    assert result.exit_code == 1
    assert "identity: this machine's clock is 7200 seconds behind the database's" in result.stderr


def test_a_database_that_cannot_write_is_said_in_one_line(run: Run, city: None, monkeypatch):
    def full(*_arguments: object) -> None:
        raise DatabaseUnavailableError(DatabaseFault.FULL)

    monkeypatch.setattr(rotation.KeyRotation, "ensure_active_keys", full)
    result = run("serve")
    assert result.exit_code == 1
    assert result.stderr == (
        "identity: the database has no room left on its disk: `identity doctor` says what to do\n"
    )


def test_a_database_that_is_lost_half_way_is_said_in_one_line(run: Run, city: None, monkeypatch):
    def lost(*_arguments: object) -> None:
        raise UnavailableError("the database does not answer")

    monkeypatch.setattr(rotation.KeyRotation, "ensure_active_keys", lost)
    result = run("serve")
    assert result.exit_code == 1
    assert result.stderr.startswith("identity: the database does not answer: check IDENTITY_DATABASE_URL")
    assert "Traceback" not in result.output


def test_an_argument_that_is_not_utf_8_is_refused_in_words(run: Run):
    # As Python reads the octet FF of a command line.
    refused = run("cities", "show", "city\udcff")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr == "identity: an argument is not UTF-8\n"


class TestAudit:
    def test_without_a_seal(self, run: Run):
        assert run("audit", "verify").stdout == "There is no seal yet.\n"

    def test_that_was_changed(self, run: Run, storage: Storage, clock):
        with storage.transaction() as tx:
            Audit(tx).record(Event.UNLOCKED, clock.now(), resident_id="jane")
            seal_events(tx, clock.now() + timedelta(hours=1))
        held = run("audit", "verify")
        assert re.fullmatch(r"1 seals hold; the last is [0-9a-f]{64}\n", held.stdout)
        with storage.autocommit() as connection:
            connection.execute(update(AuditEvent).values(resident_id="john"))
        changed = run("audit", "verify", "--json")
        assert changed.exit_code == 1
        assert json.loads(changed.stdout)["broken"][0]["number"] == 1
        assert changed.stderr == "identity: seal 1: 1 events are not the 1 that were sealed\n"
