"""`identity doctor`."""

import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

import click

from identity.cli.operator import REFUSED, Operator, has_tables, read_settings
from identity.cli.printing import as_json, show_json
from identity.clock import SystemClock
from identity.composition.command_line import create_command_line_app
from identity.config import Settings
from identity.errors import SettingsError
from identity.mail import smtp
from identity.relying_parties.client_security import CERTIFICATE_METHODS, FAPI2
from identity.relying_parties.clients import RegisteredClient
from identity.relying_parties.store import Cities, Clients
from identity.secret_keys import DecryptionError, SecretKeys
from identity.signing_keys.models import KeyState
from identity.signing_keys.rotation import ALWAYS, SIGNS_FOR
from identity.signing_keys.store import SigningKeys
from identity.storage import Storage

_SECONDS = 5.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Verdict(StrEnum):
    """What a check found."""

    GOOD = "ok"
    NOTE = "note"
    BAD = "problem"


@dataclass(frozen=True)
class Finding:
    """The result of one check, and how to fix it."""

    check: str
    verdict: Verdict
    detail: str
    fix: str = ""


@click.command()
@as_json
def doctor(*, is_json: bool) -> None:
    """Check settings, database, keys, mail server and registrations; say how to fix each problem."""
    settings = read_settings()
    findings = list(examine(settings))
    if is_json:
        show_json([vars(finding) for finding in findings])
    else:
        for finding in findings:
            click.echo(f"{finding.verdict:8}{finding.check}: {finding.detail}")
            if finding.fix:
                click.echo(f"{'':8}→ {finding.fix}")
    if any(finding.verdict is Verdict.BAD for finding in findings):
        sys.exit(REFUSED)


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield the findings; ends early where the later checks need what is missing."""
    yield Finding("settings", Verdict.GOOD, "complete")
    yield _issuer(settings)
    yield _mail_server(settings)
    app = create_command_line_app(settings.database_url.get_secret_value())
    storage: Storage = app.extensions["identity"]
    with app.app_context(), storage:
        if not storage.is_reachable():
            fix = "check IDENTITY_DATABASE_URL, and that its server runs and accepts this user"
            yield Finding("database", Verdict.BAD, "does not answer", fix)
            return
        if not has_tables(storage):
            yield Finding("database", Verdict.BAD, "has no tables", "run `identity migrate`")
            return
        yield Finding("database", Verdict.GOOD, "answers and has its tables")
        opened = Operator(
            settings, storage, SecretKeys(settings.secret_keys.get_secret_value()), SystemClock(), app
        )
        yield from _keys(opened)
        yield from _registrations(opened)


def _issuer(settings: Settings) -> Finding:
    host = urlsplit(settings.issuer).hostname or ""
    if settings.served_over_https or host in _LOOPBACK:
        return Finding("issuer", Verdict.GOOD, settings.issuer)
    fix = "serve residents over https and set IDENTITY_ISSUER to that address"
    return Finding("issuer", Verdict.BAD, f"{settings.issuer} is neither https nor this machine", fix)


def _mail_server(settings: Settings) -> Finding:
    try:
        server = smtp.configuration(settings.smtp_url.get_secret_value())
        address = str(server["MAIL_SERVER"]), int(str(server["MAIL_PORT"]))
        socket.create_connection(address, timeout=_SECONDS).close()
    except SettingsError as error:
        return Finding("mail server", Verdict.BAD, "IDENTITY_SMTP_URL is wrong", str(error))
    except OSError as error:
        fix = "check IDENTITY_SMTP_URL, and that the mail server accepts connections from here"
        return Finding("mail server", Verdict.BAD, f"cannot be reached ({error.strerror or error})", fix)
    return Finding("mail server", Verdict.GOOD, f"{address[0]}:{address[1]} answers")


def _keys(opened: Operator) -> Iterator[Finding]:
    with opened.storage.autocommit() as connection:
        keys = SigningKeys(connection).list_keys()
    now = opened.clock.now()
    for alg in ALWAYS:
        active = next((k for k in keys if k.alg == alg and k.state is KeyState.ACTIVE), None)
        if active is None or active.activated_at is None:
            yield Finding(f"{alg} key", Verdict.BAD, "none is active", "run `identity migrate`")
            continue
        try:
            opened.secret_keys.decrypt(active.private_sealed)
        except DecryptionError:
            fix = "add the key that it was encrypted with to IDENTITY_SECRET_KEYS"
            yield Finding(f"{alg} key", Verdict.BAD, "cannot be decrypted with IDENTITY_SECRET_KEYS", fix)
            continue
        if active.activated_at + 2 * SIGNS_FOR <= now:
            fix = "let `identity worker` run: it rotates the keys"
            yield Finding(f"{alg} key", Verdict.BAD, f"signs since {active.activated_at:%Y-%m-%d}", fix)
        else:
            yield Finding(f"{alg} key", Verdict.GOOD, f"{active.kid} is active")


def _registrations(opened: Operator) -> Iterator[Finding]:
    with opened.storage.autocommit() as connection:
        cities = Cities(connection).list_cities()
        clients = [entry for entry in Clients(connection).list_clients() if entry.disabled_at is None]
    if not cities:
        yield Finding("cities", Verdict.NOTE, "there are none", "run `identity cities put FILE.json`")
    if not clients:
        yield Finding("clients", Verdict.NOTE, "there are none", "run `identity clients create`")
    for entry in clients:
        client = entry.client
        yield from _security(client, opened.settings)
        if not client.pkce_required:
            fix = f"if its library can do PKCE: `identity clients update {client.id} --pkce`"
            yield Finding(f"client {client.id}", Verdict.NOTE, "is registered without PKCE", fix)
        if client.uses_secret and not client.secrets:
            fix = f"run `identity clients rotate-secret {client.id}`"
            yield Finding(f"client {client.id}", Verdict.BAD, "has no secret", fix)


def _security(client: RegisteredClient, settings: Settings) -> Iterator[Finding]:
    """Yield whether the client follows FAPI 2.0, and whether the proxy passes its certificate on."""
    check, method = f"client {client.id}", client.token_endpoint_auth_method
    if client.profile == FAPI2:
        bound = "DPoP" if client.dpop_bound_access_tokens else "certificate"
        detail = f"follows FAPI 2.0: pushed requests, {method}, tokens bound by {bound}"
        yield Finding(check, Verdict.GOOD, detail)
    by_certificate = method in CERTIFICATE_METHODS or client.tls_client_certificate_bound_access_tokens
    if by_certificate and not (settings.client_certificate_header and settings.trusted_proxies):
        fix = "set IDENTITY_CLIENT_CERTIFICATE_HEADER and IDENTITY_TRUSTED_PROXIES"
        yield Finding(check, Verdict.BAD, "needs client certificates, which no proxy hands on", fix)
    elif method == "tls_client_auth" and not settings.client_certificate_authorities:
        fix = "set IDENTITY_CLIENT_CERTIFICATE_AUTHORITIES to a file with their issuer"
        yield Finding(check, Verdict.BAD, "uses tls_client_auth, but no authority is trusted", fix)
