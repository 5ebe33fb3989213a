"""The modules that every service has its own copy of agree, but for the service's name."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import billing_link.config
import identity.config
import identity.identity_providers.load
import portal.config
import pytest
from identity.identity_providers.settings import ProviderSettings
from pydantic_settings import BaseSettings

ROOT = Path(__file__).parents[2]
SERVICES = ("identity", "billing_link", "portal")

# What differs, and why; nothing that agrees may be listed.
DIFFERENCES = {
    "storage": {
        "Storage": "identity's is attached to a Flask application",
        "Storage.__init__": "identity's engines are Flask-SQLAlchemy's",
        "Storage.transaction": "identity's is the application context's session, billing_link's a connection",
        "PRE_PING": "the portal's single statements are few, and a page has time for a round trip",
        "Executor": "billing_link has no ORM session",
        "insert_into": "billing_link's stores take models",
        "hold": "the portal's takes an ORM session",
    },
    "compiled_statements": {},
    "prepared_statements": {},
    "autocommit_pool": {},
    "database_connections": {},
    "database_faults": {},
    "database_files": {},
    "storable_text": {},
    "audit/seals": {},
    "database_probe": {},
    "database_state": {},
    "secret_keys": {
        "DecryptionError": "the portal's values belong to a purpose and an owner",
        "SecretKeys.__init__": "as above: a cipher for each purpose",
        "SecretKeys.encrypt": "as above",
        "SecretKeys.decrypt": "as above",
        "_LABEL": "no two services derive the same key",
    },
    "setting_types": {},
    **{f"web_server/{name}": {} for name in ("server", "main_process", "processes")},
    **{f"web_server/{name}": {} for name in ("web_process", "gateway", "memory", "served")},
    **{f"web_server/{name}": {} for name in ("request_bodies", "request_threads", "rsgi", "wsgi_call")},
    "config": {
        "Settings.bind": "each service has a port of its own",
        "Settings.issuer": "identity's is its own",
        "Settings.path": "the portal is not at its issuer",
        "Settings.served_over_https": "as above",
    },
    "cli/doctor/certificates": {},
    "cli/doctor/connections": {},
    "cli/doctor/database": {},
    "cli/doctor/environment": {},
    "cli/doctor/findings": {},
    # Of the portal and billing_link.
    "cli/doctor/identity": {},
    "logs": {},
    "json_text": {},
    "clock": {},
    "randomness": {},
    "trusted_authorities": {},
    "host_names": {},
    "outbound_http": {
        "HttpResponse": "identity reads the media type alone of the headers",
        "OutboundHttp": "identity calls other parties: through a proxy, or on the public network alone",
        "OutboundHttp.__init__": "as above",
        "OutboundHttp.get": "as above",
        "OutboundHttp.post": "as above",
        "OutboundHttp._send": "as above",
        "OutboundHttp._connect": "as above",
        "OutboundHttp._read": "identity may cut a body",
    },
    "circuit_breaker": {},
    "identity_documents": {},
    "errors": {
        "Refused": "what identity raises; billing_link returns it",
        "SettingsError": "billing_link's commands have more that can go wrong",
    },
    "web/path_prefix": {},
    "web/url_rules": {},
}
# What every copy has, whatever else it has.
EVERYWHERE = {
    "storage": {
        *("_engine_options", "_prepare", "_set_pragmas", "migration_engine"),
        *("Storage.try_writing", "Storage.lock_holders"),
        *("Base", "NAMING", "UtcDateTime"),
    },
    "database_connections": {"BoundedConnection", "DatabaseServer"},
    "database_faults": {"DatabaseFault", "DatabaseUnavailableError", "neutral_errors"},
    "database_files": {"keep_private", "close_to_others"},
    "database_probe": {"DatabaseProbe"},
    "database_state": {"read_state", "write_nothing", "measure_lead"},
    "config": {"load_settings", "settings_error"},
    "setting_types": {
        "ServiceSettings",
        "unknown_variables",
        "WebAddress",
        "Bind",
        "DatabaseUrl",
        "CertificateFile",
    },
    "logs": {"write_json_logs"},
    "json_text": {"read_json", "read_json_object", "read_jws_header"},
    "trusted_authorities": {"TrustedAuthorities"},
    "host_names": {"look_up"},
    "outbound_http": {"Limits", "OutboundHttp", "OutboundHttpError"},
    "errors": {"where", "UnavailableError"},
}


def definitions(source: str, service: str) -> dict[str, str]:
    """Return what a module defines at its top and in its classes, by name, without the service's name."""
    neutral = re.sub(service, "SERVICE", source, flags=re.IGNORECASE)
    return dict(_named(ast.parse(neutral).body, ""))


def _named(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, str]]:
    for statement in body:
        match statement:
            case ast.ClassDef(name=name):
                yield from _named(statement.body, f"{prefix}{name}.")
                head = ast.ClassDef(**{**vars(statement), "body": statement.body[:1]})
                yield f"{prefix}{name}", ast.unparse(head)
            case ast.FunctionDef(name=name):
                yield f"{prefix}{name}", ast.unparse(statement)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield f"{prefix}{name}", ast.unparse(statement)


def read(module: str) -> dict[str, str]:
    """Return the source of each service's copy, by service."""
    files = {name: ROOT / f"services/{name}/src/{name}/{module}.py" for name in SERVICES}
    return {name: file.read_text() for name, file in files.items() if file.exists()}


def differing(sources: dict[str, str]) -> set[str]:
    """Return the names that more than one copy defines, and not all in the same way."""
    found: dict[str, set[str]] = {}
    for service, source in sources.items():
        for name, text in definitions(source, service).items():
            found.setdefault(name, set()).add(text)
    return {name for name, texts in found.items() if len(texts) > 1}


@pytest.mark.parametrize("module", DIFFERENCES)
def test_the_copies_agree_but_for_the_listed_names(module: str) -> None:
    assert differing(read(module)) == set(DIFFERENCES[module])


@pytest.mark.parametrize("module", EVERYWHERE)
def test_every_copy_has_what_all_need(module: str) -> None:
    for service, source in read(module).items():
        assert EVERYWHERE[module] <= set(definitions(source, service)), service
    assert set(read(module)) == set(SERVICES)


@pytest.mark.parametrize(
    ("module", "there", "planted", "name"),
    [
        ("storage", '"hide_parameters": True', '"hide_parameters": False', "_engine_options"),
        ("storage", '"max_overflow": 0', '"max_overflow": 5', "_engine_options"),
        ("storage", "PRAGMA foreign_keys=ON", "PRAGMA foreign_keys=OFF", "_set_pragmas"),
        ("database_faults", "| exc.InterfaceError", "", "_fault_of"),
        ("database_files", "_FILE_MODE = 0o600", "_FILE_MODE = 0o644", "_FILE_MODE"),
        ("database_connections", "_GRACE = 0.25", "_GRACE = 25", "_GRACE"),
        ("config", '"is not set"', '"is missing"', "settings_error"),
        ("logs", 'event["where"] = where(error)', 'event["where"] = str(error)', "_places_instead_of_words"),
        ("errors", "type(error).__qualname__", "error", "where"),
        ("clock", "replace(microsecond=0)", "replace(second=0)", "SystemClock.now"),
    ],
)
def test_a_copy_that_departs_is_caught(module: str, there: str, planted: str, name: str) -> None:
    sources = read(module)
    assert there in sources["portal"]
    assert name in differing(sources | {"portal": sources["portal"].replace(there, planted)})


SECRET = re.compile(r"secret|password|private_key$|_url$")
PUBLIC = {"base_url", "password_min_length", "password_hashing"}


@pytest.mark.parametrize(
    "kind",
    [
        identity.config.Settings,
        billing_link.config.ServerSettings,
        portal.config.Settings,
        *ProviderSettings.__subclasses__(),
    ],
)
def test_a_setting_that_is_secret_is_so_by_its_type(kind: type[BaseSettings]) -> None:
    assert shown_secrets(kind) == []


def test_a_secret_of_a_plain_type_is_caught() -> None:
    class Planted(BaseSettings):
        client_id: str
        client_secret: str
        database_url: str

    assert shown_secrets(Planted) == ["client_secret", "database_url"]


def shown_secrets(kind: type[BaseSettings]) -> list[str]:
    """Return the settings whose names say that they are secret, and that a repr would show."""
    return [
        name
        for name, field in kind.model_fields.items()
        if SECRET.search(name) and name not in PUBLIC and field.repr and "Secret" not in str(field.annotation)
    ]
