"""A real server on a port of its own, and a client that reads its refusals."""

import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from billing_link.config import ServerSettings
from billing_link.server import Server
from community_access.billing_link.v1 import billing_link_pb2_grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status


@pytest.fixture
def settings(database_url, identity):
    return ServerSettings(
        database_url=database_url,
        issuer=identity.issuer,
        resource_secret="secret",
        threads=4,
    ).model_copy(update={"bind": "127.0.0.1:0"})


@pytest.fixture
def server(settings) -> Iterator[Server]:
    server = Server(settings)
    server.start()
    yield server
    server.stop(grace=2)


@pytest.fixture
def open_connection(server):
    """Return how the server opens a connection for single statements."""
    take = server.storage._statements._take  # noqa: SLF001 - no public way makes the database fail or wait
    return lambda: take()[0]


@pytest.fixture
def replace_open_connection(server, open_connection, monkeypatch):
    """Return a function that replaces how the server opens a connection for single statements."""
    pool = server.storage._statements  # noqa: SLF001 - as above
    return lambda replacement: monkeypatch.setattr(pool, "_take", lambda: (replacement(), math.inf))


@pytest.fixture
def channel(server) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield channel


@pytest.fixture
def call(channel, identity):
    """Return a function that calls a method with a token of identity, or with other metadata."""
    stub = billing_link_pb2_grpc.BillingLinkServiceStub(channel)

    def call(method, request, *, metadata=None, timeout=10, **claims: Any):
        if metadata is None:
            metadata = [("authorization", f"Bearer {identity.token(**claims)}")]
        return getattr(stub, method)(request, metadata=metadata, timeout=timeout)

    return call


@pytest.fixture
def logged(monkeypatch):
    """Return the lines that the interceptor logs, as text."""
    lines: list[str] = []

    def write(event: str, **facts: Any) -> None:
        lines.append(f"{event} {facts}")

    monkeypatch.setattr(
        "billing_link.rpc.interceptor.log", SimpleNamespace(info=write, warning=write, error=write)
    )
    monkeypatch.setattr("billing_link.log_writer.LogWriter.add", lambda _writer, line: lines.append(line))
    return lines


@pytest.fixture
def refusal(call):
    """Return a function that calls a method and returns how it was refused."""

    def refusal(method, request, **kwargs: Any):
        with pytest.raises(grpc.RpcError) as raised:
            call(method, request, **kwargs)
        error = raised.value
        status = rpc_status.from_call(error)
        info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
        if status is not None and status.details:
            assert status.details[0].Unpack(info)
            assert all(detail.Unpack(retry) for detail in status.details[1:])
        return SimpleNamespace(
            code=error.code(),
            reason=info.reason,
            domain=info.domain,
            metadata=dict(info.metadata),
            text=error.details(),
            retry_seconds=retry.retry_delay.seconds,
        )

    return refusal
