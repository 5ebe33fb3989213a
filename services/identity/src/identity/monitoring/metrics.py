"""The counts for Prometheus, on a port of their own (ASVS 5.0 13.4.5): the worker serves them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from identity.clock import Clock
from identity.monitoring.signs import Alarm
from identity.monitoring.store import KEPT, Counted, EventCounts, hour_of
from identity.storage import Storage

_HELP = {
    Counted.LIMITED: ("identity_requests_limited", "Requests over a limit.", "limit"),
    Counted.FAULT: ("identity_requests_failed", "Requests that ended with a fault of the service.", "fault"),
    Counted.AUDIT_EVENT: ("identity_audit_events", "Events recorded in the audit.", "event"),
}
# What is deleted after 400 days would make a counter fall: Prometheus reads that as a restart.
_COUNTED_FOR = KEPT - timedelta(days=1)


def serve_metrics(storage: Storage, clock: Clock, host: str, port: int) -> WSGIServer:
    """Serve the metrics at `/metrics` in a thread, until the server that is returned is shut down."""
    registry = CollectorRegistry()
    registry.register(_CountsOfDatabase(storage, clock))
    server, _thread = start_http_server(port, host, registry)
    return server


class _CountsOfDatabase(Collector):
    """Reads the counts of all processes at each scrape."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock

    def collect(self) -> Iterable[Metric]:
        """Return the counters, and whether an alarm was raised in this hour or the one before."""
        now = self._clock.now()
        with self._storage.autocommit() as connection:
            counts = EventCounts(connection).since(hour_of(now - _COUNTED_FOR))
            alarms = EventCounts(connection).last_alarms(hour_of(now - timedelta(hours=1)))
        for counted, (name, words, label) in _HELP.items():
            counter = CounterMetricFamily(name, words, labels=[label])
            for (kind, detail), count in counts.items():
                if kind is counted:
                    counter.add_metric([detail], count)
            yield counter
        yield _raised(alarms)


def _raised(alarms: dict[str, datetime]) -> Metric:
    gauge = GaugeMetricFamily("identity_alarm", "1: a sign of an attack within two hours.", labels=["alarm"])
    for alarm in Alarm:
        gauge.add_metric([alarm.value], alarm.value in alarms)
    return gauge
