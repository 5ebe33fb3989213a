"""Composition: builds the server and all its parts from the settings. Only this module wires parts."""

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from types import FrameType

import grpc
import structlog
from community_access.billing_link.v1 import billing_link_pb2_grpc
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from billing_link import migrations
from billing_link.audit.seals import seal_and_erase
from billing_link.billing_records.store import ImportedRecords
from billing_link.clock import Clock, SystemClock
from billing_link.config import ServerSettings
from billing_link.database_probe import DatabaseProbe
from billing_link.database_state import clock_fault, measure_lead
from billing_link.errors import OperatorError, SettingsError, where
from billing_link.linking.account_reads.store import JoinedReads
from billing_link.linking.attempt_store import Attempts
from billing_link.linking.attempts import WINDOW
from billing_link.linking.auto_link import AutoLink
from billing_link.linking.city_cache import CityCache
from billing_link.linking.get_account import GetAccount
from billing_link.linking.link_account import LinkAccount
from billing_link.linking.list_linked_accounts import ListLinkedAccounts
from billing_link.linking.resolve_account import ResolveAccount
from billing_link.linking.unlink_account import UnlinkAccount
from billing_link.log_writer import LogWriter
from billing_link.logs import write_json_logs
from billing_link.notifications import delivery as notifications_delivery
from billing_link.notifications.delivery import (
    IdentityNotificationClient,
    NotificationDelivery,
    delete_old_notifications,
)
from billing_link.outbound_http import OutboundHttp
from billing_link.rpc.call_log import CallLog
from billing_link.rpc.call_slots import CallSlots
from billing_link.rpc.connections import SERVER_OPTIONS
from billing_link.rpc.health import Health
from billing_link.rpc.interceptor import SERVICE, CallInterceptor
from billing_link.rpc.servicer import Servicer, Verbs
from billing_link.storage import Storage
from billing_link.tokens import issuer_keys, security_event_source
from billing_link.tokens.issuer_keys import IssuerKeys
from billing_link.tokens.revocations import RevocationPoller, RevokedSessions
from billing_link.tokens.security_event_source import IdentitySecurityEvents
from billing_link.tokens.verifier import Verifier

# Bytes of a request and of its metadata: two numbers and a token.
_LARGEST_REQUEST = 16 * 1024
# A call whose request is not here yet has a thread of grpc's too, which does nothing else. Above so many, all
# are refused at once with RESOURCE_EXHAUSTED.
_MOST_CALLS = 1024
# Seconds that running calls get to end when the server stops.
_DRAIN = 10
_SECONDS_BETWEEN_CLEANUPS = 3600
_SECONDS_BETWEEN_LOOKS = 1

log = structlog.get_logger()


class Server:
    """A billing_link server: gRPC, and threads for health, notifications, ended sessions and cleanup."""

    def __init__(self, settings: ServerSettings, *, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._audit_retention = timedelta(days=settings.audit_retention_days)
        # One connection for each call thread, and one each for health, notifications and cleanup.
        self.storage = Storage(settings.database_url.get_secret_value(), pool_size=settings.threads + 3)
        self.health = Health(DatabaseProbe(self.storage, self._clock))
        issuer, authorities = settings.issuer, settings.authorities
        credentials = settings.audience, settings.resource_secret.get_secret_value()
        self.delivery = NotificationDelivery(
            self.storage,
            IdentityNotificationClient(
                issuer, *credentials, OutboundHttp(notifications_delivery.LIMITS, authorities)
            ),
            self._clock,
        )
        # At most half of the threads ever wait for keys.
        keys_http = OutboundHttp(issuer_keys.LIMITS, authorities)
        self._keys = IssuerKeys(issuer, keys_http, waiting=settings.threads // 2)
        self._revoked = RevokedSessions()
        self.revocations = RevocationPoller(
            IdentitySecurityEvents(
                issuer, *credentials, OutboundHttp(security_event_source.LIMITS, authorities)
            ),
            self._keys,
            self._revoked,
            self._clock,
            audience=settings.audience,
        )
        self._log_writer = LogWriter()
        self._grpc = self._grpc_server(settings)
        self.port = _listen(self._grpc, settings)
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=work, args=(self._stopping,), name=name, daemon=True)
            for name, work in (
                ("health", self.health.run),
                ("notifications", self.delivery.run),
                ("revocations", self.revocations.run),
                ("cleanup", self._clean_up),
            )
        ]

    def start(self) -> None:
        """Start the server and its threads."""
        self._log_writer.start()
        self._keys.start_fetch()
        self._grpc.start()
        self.health.check()
        for thread in self._threads:
            thread.start()

    def stop(self, grace: float = _DRAIN) -> None:
        """Publish NOT_SERVING, refuse new calls, give running ones `grace` seconds, and close everything."""
        self.health.shut_down()
        self._stopping.set()
        self._grpc.stop(grace).wait()
        for thread in self._threads:
            thread.join(_DRAIN)
        self.storage.dispose()
        self._log_writer.end()

    def _grpc_server(self, settings: ServerSettings) -> grpc.Server:
        clock, storage = self._clock, self.storage
        verifier = Verifier(self._keys, self._revoked, audience=settings.audience, clock=clock)
        server = grpc.server(
            ThreadPoolExecutor(_MOST_CALLS, thread_name_prefix="call"),
            interceptors=[CallInterceptor(verifier, CallSlots(settings.threads), CallLog(self._log_writer))],
            options=[
                ("grpc.max_receive_message_length", _LARGEST_REQUEST),
                ("grpc.max_metadata_size", _LARGEST_REQUEST),
                # Without it, a second server can listen on the same port and takes half of the calls.
                ("grpc.so_reuseport", 0),
                *SERVER_OPTIONS,
            ],
            maximum_concurrent_rpcs=_MOST_CALLS,
        )
        servicer = Servicer(_verbs(storage, clock), CityCache(storage, clock))
        billing_link_pb2_grpc.add_BillingLinkServiceServicer_to_server(servicer, server)
        health_pb2_grpc.add_HealthServicer_to_server(self.health.servicer, server)
        if settings.reflection:
            reflection.enable_server_reflection(
                [SERVICE, "grpc.health.v1.Health", reflection.SERVICE_NAME], server
            )
        return server

    def _clean_up(self, stop: threading.Event) -> None:
        """Delete expired rows and seal the audit, once an hour."""
        while not stop.is_set():
            now = self._clock.now()
            try:
                with self.storage.autocommit() as connection:
                    Attempts(connection).delete_begun_before(now - WINDOW)
                delete_old_notifications(self.storage, now)
                seal_and_erase(self.storage, self._audit_retention, now)
            except Exception as error:  # noqa: BLE001 - the next cleanup deletes the same rows
                log.warning("cleanup.failed", where=where(error))
            stop.wait(_SECONDS_BETWEEN_CLEANUPS)


def _verbs(storage: Storage, clock: Clock) -> Verbs:
    # Records of another system would be read with `SeparateReads`.
    records, reads = ImportedRecords(storage), JoinedReads(storage)
    link = LinkAccount(storage, records, clock)
    return Verbs(
        resolve=ResolveAccount(storage, records, reads, link, clock),
        list_linked=ListLinkedAccounts(reads, AutoLink(storage, records, clock)),
        unlink=UnlinkAccount(storage, reads, clock),
        get_account=GetAccount(reads),
    )


def _listen(server: grpc.Server, settings: ServerSettings) -> int:
    """Listen, and return the port; raises `SettingsError` for an unusable port or certificate."""
    try:
        if not settings.tls_certificate:
            return server.add_insecure_port(settings.bind)
        key, chain = Path(settings.tls_key).read_bytes(), Path(settings.tls_certificate).read_bytes()
        return server.add_secure_port(settings.bind, grpc.ssl_server_credentials([(key, chain)]))
    except OSError as error:
        raise SettingsError(f"the TLS certificate or key cannot be read: {error.filename}") from None
    except RuntimeError:
        raise SettingsError(
            f"BILLING_LINK_BIND: cannot listen on {settings.bind} (stop what uses it, or set another)"
        ) from None


def serve(settings: ServerSettings) -> None:
    """Serve until SIGTERM or SIGINT; raises `SettingsError` if the server cannot start."""
    if not migrations.is_current(settings.database_url.get_secret_value()):
        raise SettingsError(
            "BILLING_LINK_DATABASE_URL: the tables are not up to date; run `billing_link migrate`"
        )
    write_json_logs()
    _refuse_wrong_clock(settings)
    server = Server(settings)
    stop = threading.Event()
    end_by_signal(stop)
    server.start()
    log.info("server.started", bind=settings.bind, tls=bool(settings.tls_certificate))
    # Python runs a signal's handler in this thread, which the system need not wake for a signal that it
    # gave to another, as after SIGSTOP and SIGCONT.
    while not stop.wait(_SECONDS_BETWEEN_LOOKS):
        pass
    log.info("server.stopping")
    server.stop()
    log.info("server.stopped")


def _refuse_wrong_clock(settings: ServerSettings) -> None:
    """Raise `OperatorError` if this machine's clock and the database's differ."""
    with Storage(settings.database_url.get_secret_value()) as storage:
        _, lead = measure_lead(storage.server_state, SystemClock())
    if fault := clock_fault(lead):
        raise OperatorError(fault)


def end_by_signal(stop: threading.Event) -> None:
    """Let the first SIGTERM or SIGINT end the work in order, and the second one the process."""

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
