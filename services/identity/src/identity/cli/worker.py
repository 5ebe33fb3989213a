"""`identity worker`."""

import signal
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from threading import Event, Thread
from types import FrameType
from typing import Protocol

import click

from identity.audit.seals import seal_and_erase
from identity.cli.older_keys import move_to_newest
from identity.cli.operator import MISUSED, Operator, operator, refuse_wrong_clock, say_unknown_variables
from identity.database_connections import FOR_THE_WORKER
from identity.egress import Egress
from identity.email_verification.owner import Pending, PendingStore
from identity.errors import SettingsError
from identity.journeys.federation.attempt_store import Attempts
from identity.journeys.federation.pending_store import FirstSignIns
from identity.journeys.federation.provider_event_store import DataDeletions, ProviderNotices
from identity.journeys.registration.store import PendingRegistrations
from identity.logs import write_json_logs
from identity.mail.delivery import MailDelivery
from identity.mail.mailer import Mailer
from identity.mail.store import RefusedAddresses
from identity.mail_refusals import StoredRefusals
from identity.mailed_proofs import StoredProofs, Waits
from identity.monitoring.metrics import serve_metrics
from identity.monitoring.signs import summarize
from identity.monitoring.store import EventCounts
from identity.network_addresses import is_on_loopback
from identity.oidc.authorization.pushed_request_store import PushedRequestStore
from identity.oidc.authorization.store import InteractionStore
from identity.oidc.device.store import DeviceAuthorizations
from identity.oidc.grants.store import Grants
from identity.oidc.logout.backchannel import LogoutDelivery
from identity.oidc.protocol.replay_store import SpentIdentifiers
from identity.oidc.tokens.logout_token import LogoutTokens
from identity.oidc.tokens.signing import TokenSigner
from identity.outbound_http import OutboundHttp
from identity.outbox.delivery import HTTP_LIMITS, DeliveryHandler
from identity.outbox.worker import Cleaner, Worker
from identity.rate_limits.store import MailAllowances, RequestCounts
from identity.relying_parties.cache import RelyingPartyCache
from identity.resident_notifications.store import Notices
from identity.residents.action_links.purposes import Purpose
from identity.residents.action_links.store import ActionLinks
from identity.residents.lockout.store import Lockout
from identity.residents.one_time_codes.store import OneTimeCodes
from identity.residents.sessions.store import Sessions
from identity.residents.sign_in_codes.store import SignInCodes
from identity.security_events.push import PushDelivery
from identity.security_events.store import PolledEvents
from identity.security_events.tokens import SecurityEventTokens
from identity.setting_types import host_and_port
from identity.signing_keys.key_set import KeySet
from identity.storage import Executor, Transaction

# Seconds after which a connection to the mail server that has nothing to send is closed.
_RESTS = 5.0


class _CleanedStore(Protocol):
    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` rows that are no longer needed; return how many."""
        ...


@click.command()
def worker() -> None:
    """Deliver mail, rotate signing keys and delete old rows until stopped (SIGTERM, Ctrl-C)."""
    stop = Event()
    end_by_signal(stop)
    write_json_logs()
    say_unknown_variables()
    with operator(statement_seconds=FOR_THE_WORKER) as opened:
        refuse_wrong_clock(opened)
        try:
            mailer = Mailer(opened.settings, RelyingPartyCache(opened.storage, opened.clock).city)
        except SettingsError as error:
            click.echo(str(error), err=True)
            sys.exit(MISUSED)
        mailer.init_app(opened.app)
        if opened.settings.metrics_bind:
            serve_metrics(opened.storage, opened.clock, *host_and_port(opened.settings.metrics_bind))
        # Apart from the mails: a slow website delays none of them.
        http = Worker(opened.storage, opened.secret_keys, http_handlers(opened), opened.clock)
        thread = Thread(target=http.run, args=(stop,), name="http deliveries", daemon=True)
        thread.start()
        mail_worker(opened, mailer).run(stop)
        thread.join()
        mailer.close_resting()


def mail_worker(opened: Operator, mailer: Mailer) -> Worker:
    """Return the worker that sends mails, and cleans."""
    refusals = StoredRefusals(opened.storage)
    return Worker(
        opened.storage,
        opened.secret_keys,
        [MailDelivery(mailer, mailed_proofs(opened), refusals, opened.clock)],
        opened.clock,
        cleaners(opened),
        when_idle=partial(mailer.close_resting, after=_RESTS),
    )


def mailed_proofs(opened: Operator) -> StoredProofs:
    """Return what restarts the links and codes of mails that waited."""
    waits = {
        Purpose.VERIFY_REGISTRATION: _still_waits(PendingRegistrations),
        Purpose.VERIFY_FEDERATION: _still_waits(FirstSignIns),
    }
    return StoredProofs(opened.storage, opened.secret_keys, waits)


def end_by_signal(stop: Event) -> None:
    """Let the first SIGTERM or SIGINT end the work in order, and the second one the process."""

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


def http_handlers(opened: Operator) -> list[DeliveryHandler]:
    """Return the handlers that post to other parties' URLs; they need no application context."""
    key_set = KeySet(opened.storage, opened.secret_keys, opened.clock)
    signer = TokenSigner(key_set, opened.clock, opened.settings.issuer)
    tokens = LogoutTokens(signer, opened.clock, opened.settings.issuer)
    http = OutboundHttp(
        HTTP_LIMITS,
        Egress.of(opened.settings),
        allows_loopback=is_on_loopback(opened.settings.issuer),
    )
    return [
        LogoutDelivery(RelyingPartyCache(opened.storage, opened.clock), tokens, http),
        PushDelivery(opened.storage, opened.secret_keys, SecurityEventTokens(key_set), http),
    ]


def cleaners(opened: Operator) -> list[Cleaner]:
    """Return what runs every few minutes: old rows go, keys rotate, the audit is counted and sealed."""

    def rotate_keys(_executor: Executor, _now: datetime, _limit: int) -> int:
        opened.key_rotation.ensure_active_keys()
        opened.key_rotation.rotate_due()
        return 0

    def summarize_hour(executor: Executor, now: datetime, _limit: int) -> int:
        summarize(executor, now)
        return 0

    def seal_audit(_executor: Executor, now: datetime, _limit: int) -> int:
        seal_and_erase(opened.storage, timedelta(days=opened.settings.audit_retention_days), now)
        return 0

    def take_over(executor: Executor, _now: datetime, _limit: int) -> int:
        move_to_newest(executor, opened.secret_keys)
        return 0

    return [
        _cleaner(Grants),
        _cleaner(InteractionStore),
        _cleaner(DeviceAuthorizations),
        _cleaner(PushedRequestStore),
        _cleaner(SpentIdentifiers),
        _cleaner(Sessions),
        _cleaner(ActionLinks),
        _cleaner(PendingRegistrations),
        _erase_expired_passwords,
        _cleaner(FirstSignIns),
        _cleaner(ProviderNotices),
        _cleaner(DataDeletions),
        _cleaner(lambda executor: Attempts(executor, opened.secret_keys)),
        _cleaner(RequestCounts),
        _cleaner(MailAllowances),
        _cleaner(Notices),
        _cleaner(RefusedAddresses),
        _cleaner(PolledEvents),
        _cleaner(lambda executor: Lockout(executor, opened.secret_keys)),
        _cleaner(lambda executor: OneTimeCodes(executor, opened.secret_keys)),
        _cleaner(EventCounts),
        summarize_hour,
        seal_audit,
        _cleaner(lambda executor: SignInCodes(executor, opened.secret_keys)),
        rotate_keys,
        take_over,
    ]


def _erase_expired_passwords(executor: Executor, now: datetime, limit: int) -> int:
    return PendingRegistrations(executor).erase_expired_passwords(now, limit)


def _still_waits(store: Callable[[Executor], PendingStore[Pending]]) -> Waits:
    def still_waits(tx: Transaction, pending_id: str) -> bool:
        pending = store(tx).find_pending(pending_id)
        return pending is not None and not pending.is_verified

    return still_waits


def _cleaner(store: Callable[[Executor], _CleanedStore]) -> Cleaner:
    return lambda executor, now, limit: store(executor).delete_old(now, limit)
