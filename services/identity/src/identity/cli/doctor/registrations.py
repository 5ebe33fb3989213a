"""Signing keys, cities and clients in the database."""

from collections.abc import Iterator

from identity.cli.doctor.findings import Finding, Verdict
from identity.cli.operator import Operator
from identity.config import Settings
from identity.relying_parties.client_security import CERTIFICATE_METHODS, FAPI2
from identity.relying_parties.clients import RegisteredClient
from identity.relying_parties.store import Cities, Clients
from identity.secret_keys import DecryptionError
from identity.signing_keys.models import KeyState
from identity.signing_keys.rotation import ALWAYS, SIGNS_FOR
from identity.signing_keys.store import SigningKeys


def examine_keys(opened: Operator) -> Iterator[Finding]:
    """Yield what is to be said of the signing keys."""
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


def examine_registrations(opened: Operator) -> Iterator[Finding]:
    """Yield what is to be said of cities and clients."""
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
