import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from billing_link.config import ServerSettings
from billing_link.errors import SettingsError
from billing_link.rpc.health import check_health
from billing_link.server import Server
from certificates import write_self_signed


def settings(database_url, **changes: str):
    fields = {
        "database_url": database_url,
        "issuer": "http://127.0.0.1:9",
        "resource_secret": "secret",
    }
    return ServerSettings(**fields).model_copy(update={"bind": "127.0.0.1:0"} | changes)


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_taken_port_is_named(database_url, free_port):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port))
        taken.listen()
        with pytest.raises(SettingsError, match=f"BILLING_LINK_BIND: cannot listen on 127.0.0.1:{free_port}"):
            Server(settings(database_url, bind=f"127.0.0.1:{free_port}"))


def test_two_servers_never_share_a_port(database_url):
    first = Server(settings(database_url))
    first.start()
    with pytest.raises(SettingsError, match="BILLING_LINK_BIND"):
        Server(settings(database_url, bind=f"127.0.0.1:{first.port}"))
    first.stop(grace=0)


def test_a_certificate_that_cannot_be_read_is_named(database_url):
    with pytest.raises(SettingsError, match="no-such-key"):
        Server(settings(database_url, tls_certificate="no-such-cert.pem", tls_key="no-such-key.pem"))


def test_with_a_certificate_it_speaks_tls_and_nothing_else(database_url, tmp_path):
    chain, key = write_self_signed(tmp_path, "localhost")
    certificate = chain.read_bytes()
    files = {"tls_certificate": str(chain), "tls_key": str(key)}
    server = Server(settings(database_url, **files))
    server.start()
    assert check_health(f"localhost:{server.port}", certificate=certificate) == "SERVING"
    assert check_health(f"localhost:{server.port}", seconds=1) == "UNREACHABLE"
    server.stop(grace=0)


@pytest.mark.parametrize("before", [(), (signal.SIGSTOP, signal.SIGCONT)])
def test_the_process_serves_until_sigterm(database_url, free_port, before):
    environment = os.environ | {
        "BILLING_LINK_DATABASE_URL": database_url,
        "BILLING_LINK_BIND": f"127.0.0.1:{free_port}",
        "BILLING_LINK_ISSUER": "http://127.0.0.1:9",
        "BILLING_LINK_RESOURCE_SECRET": "a secret that is never logged",
    }
    command = [sys.executable, "-m", "billing_link"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - ours
        deadline = time.monotonic() + 30
        while check_health(f"127.0.0.1:{free_port}", seconds=1) != "SERVING":
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        for number in (*before, signal.SIGTERM):
            process.send_signal(number)
        _, logged = process.communicate(timeout=15)
    assert process.returncode == 0
    assert '"event": "server.stopped"' in logged
    assert "never logged" not in logged
