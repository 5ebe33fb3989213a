"""What Prometheus reads."""

from urllib.request import urlopen

import pytest
from identity.monitoring.metrics import serve_metrics
from identity.monitoring.store import Counted, EventCounts
from prometheus_client.parser import text_string_to_metric_families


@pytest.fixture
def scrape(storage, clock):
    """Return a function that reads the metrics as Prometheus does: the value of each series."""
    server = serve_metrics(storage, clock, "127.0.0.1", 0)

    def scrape():
        with urlopen(f"http://127.0.0.1:{server.server_port}/metrics", timeout=10) as response:
            families = text_string_to_metric_families(response.read().decode())
            return {
                (sample.name, *sample.labels.values()): sample.value
                for each in families
                for sample in each.samples
            }

    yield scrape
    server.shutdown()
    server.server_close()


def test_counts_and_alarms(storage, now, scrape):
    with storage.autocommit() as connection:
        counts = EventCounts(connection)
        counts.add(Counted.LIMITED, {"sign_in": 4}, now)
        counts.add(Counted.FAULT, {"unavailable": 1}, now)
        counts.put(Counted.AUDIT_EVENT, {"sign_in_failed": 7}, now)
        counts.raise_alarm("password_spraying_from_one_network", now)
    assert scrape() == {
        ("identity_requests_limited_total", "sign_in"): 4,
        ("identity_requests_failed_total", "unavailable"): 1,
        ("identity_audit_events_total", "sign_in_failed"): 7,
        ("identity_alarm", "password_spraying_from_one_network"): 1,
        ("identity_alarm", "password_spraying_from_many_networks"): 0,
    }
