"""Ports are checked before any process starts."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local import ports, settings
from deploy.local.errors import LocalError


@pytest.fixture
def free(tmp_path: Path, free_addresses: dict[str, str]) -> settings.Settings:
    return settings.read({"LOCAL_DIRECTORY": str(tmp_path)} | free_addresses)


def with_portal_at(given: settings.Settings, address: str) -> settings.Settings:
    return replace(given, values={**given.values, "PORTAL_BIND": address})


def test_free_ports_are_good(free: settings.Settings) -> None:
    ports.check(free)


def test_a_taken_port_is_named_with_its_process_and_a_way_out(free: settings.Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LocalError, match=rf"port {port} \(portal\) is taken.*PORTAL_BIND=127\.0\.0\.1:"):
            ports.check(with_portal_at(free, f"127.0.0.1:{port}"))


def test_one_port_for_two_is_named(free: settings.Settings) -> None:
    with pytest.raises(LocalError, match="PORTAL_BIND and IDENTITY_BIND are both"):
        ports.check(with_portal_at(free, free.values["IDENTITY_BIND"]))


def test_an_address_of_another_machine_is_named(free: settings.Settings) -> None:
    with pytest.raises(LocalError, match=r"PORTAL_BIND=192\.0\.2\.1:8080: this machine has no such address"):
        ports.check(with_portal_at(free, "192.0.2.1:8080"))
