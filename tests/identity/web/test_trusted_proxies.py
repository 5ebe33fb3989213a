"""What a proxy in front says of the visitor: who is counted as whom, and what the log says of a wrong one."""

from datetime import timedelta

import pytest
from page import csrf_token
from structlog.testing import capture_logs


def seen(app, header, more=None):
    headers = {"X-Forwarded-For": header}
    return app.test_client().get("/health/visitor", headers=headers | (more or {})).json


def warnings(app, headers, path="/sign-in"):
    client = app.test_client()
    with capture_logs() as logs:
        for header in headers:
            client.get(path, headers={} if header is None else {"X-Forwarded-For": header})
    return [entry for entry in logs if entry["event"].startswith("visitor.")]


def test_without_a_trusted_proxy_the_socket_is_the_visitor(start):
    shown = seen(start(), "203.0.113.9", {"X-Forwarded-Proto": "https"})
    assert shown == {"address": "127.0.0.1", "scheme": "http", "forwarded": 1}


def test_behind_a_trusted_proxy_its_entry_is_the_visitor(start):
    shown = seen(start(trusted_proxies=1), "203.0.113.9, 198.51.100.10:40010", {"X-Forwarded-Proto": "https"})
    assert shown == {"address": "198.51.100.10", "scheme": "https", "forwarded": 2}


def test_the_standard_header_is_not_believed(start):
    forwarded = {"Forwarded": "for=203.0.113.9;proto=https"}
    assert seen(start(trusted_proxies=1), "198.51.100.10", forwarded)["address"] == "198.51.100.10"


def test_an_address_that_cannot_be_read_is_said_to_be_none(start):
    assert seen(start(trusted_proxies=1), "_hidden")["address"] is None


class TestLog:
    def test_it_says_how_an_unreadable_address_is_written_and_not_the_address(self, start):
        (said,) = warnings(start(trusted_proxies=1), ["203.0.113.256 via Sam_1"])
        assert said == {
            "event": "visitor.address_unreadable",
            "log_level": "warning",
            "header": "X-Forwarded-For",
            "trusted_proxies": 1,
            "form": "999.9.999.999 aaa aaa_9",
        }

    @pytest.mark.parametrize(("proxies", "header"), [(1, None), (1, ""), (2, "198.51.100.10")])
    def test_it_says_that_a_proxy_sends_none(self, start, proxies, header):
        (said,) = warnings(start(trusted_proxies=proxies), [header])
        assert (said["event"], said["trusted_proxies"]) == ("visitor.address_missing", proxies)

    def test_it_says_so_once_in_ten_minutes(self, start, clock):
        app = start(trusted_proxies=1)
        assert len(warnings(app, ["unknown", "unknown", None, None])) == 2
        clock.advance(timedelta(minutes=11))
        assert len(warnings(app, ["_a", "_b"])) == 1

    def test_it_says_nothing_of_readable_ones_and_of_health_checks(self, start):
        app = start(trusted_proxies=1)
        assert warnings(app, ["198.51.100.10:4711", '"[2001:db8::1]:4711"']) == []
        assert warnings(app, [None], path="/health/live") == []


def test_visitors_whose_addresses_cannot_be_read_have_limits_of_their_own(start):
    app = start(mails_per_hour=1, trusted_proxies=1)
    statuses = []
    for number, visitor in enumerate(["_one", "_two", "_one"]):
        client = app.test_client()
        token = csrf_token(client.get("/forgot-password"))
        sent = {"csrf_token": token, "email": f"pat{number}@example.com"}
        statuses.append(
            client.post("/forgot-password", data=sent, headers={"X-Forwarded-For": visitor}).status_code
        )
    assert statuses == [303, 303, 429]
