"""The standard health service (grpc.health.v1), SERVING while the database responds in time; its client."""

import threading

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from billing_link.database_probe import DatabaseProbe
from billing_link.errors import where
from billing_link.rpc.connections import CLIENT_OPTIONS
from billing_link.rpc.interceptor import SERVICE

# Seconds between two checks.
_PAUSE = 2.0

log = structlog.get_logger()

_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Health:
    """Checks the database and publishes the status of the server."""

    def __init__(self, database: DatabaseProbe) -> None:
        self.servicer = health.HealthServicer()
        self._database = database
        self._serving: bool | None = None
        self._publish_status(serving=False)

    def run(self, stop: threading.Event) -> None:
        """Check until `stop` is set."""
        while not stop.is_set():
            self.check()
            stop.wait(_PAUSE)

    def check(self) -> None:
        """Check once, which takes a second at most, and publish the status."""
        try:
            serving = self._database.succeeds()
        except Exception as error:  # noqa: BLE001 - the next check may succeed
            log.error("health.check_failed", where=where(error))  # noqa: TRY400 - a message may quote a row
            serving = False
        self._publish_status(serving=serving)

    def shut_down(self) -> None:
        """Publish NOT_SERVING for good."""
        self.servicer.enter_graceful_shutdown()

    def _publish_status(self, *, serving: bool) -> None:
        if serving is self._serving:
            return
        self._serving = serving
        log.info("health.changed", serving=serving)
        for service in ("", SERVICE):
            self.servicer.set(service, _SERVING if serving else _NOT_SERVING)


def check_health(target: str, *, certificate: bytes | None = None, seconds: float = 5.0) -> str:
    """Return the status of a running server, such as `SERVING`, or `UNREACHABLE`."""
    channel = (
        grpc.secure_channel(target, grpc.ssl_channel_credentials(certificate), CLIENT_OPTIONS)
        if certificate
        else grpc.insecure_channel(target, CLIENT_OPTIONS)
    )
    with channel:
        try:
            stub = health_pb2_grpc.HealthStub(channel)
            response = stub.Check(health_pb2.HealthCheckRequest(service=SERVICE), timeout=seconds)
        except grpc.RpcError:
            return "UNREACHABLE"
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(response.status))
