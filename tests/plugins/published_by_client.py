"""What a client publishes: a server on loopback that answers every GET alike, and counts them."""

import http.server
import threading
from types import TracebackType
from typing import Any, Self


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server: Any = self.server
        server.owner.asked += 1
        self.send_response(server.owner.status)
        if server.owner.status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(server.owner.body)

    def log_message(self, *_arguments: object) -> None:
        """Stay silent."""


class Answering:
    """A server that listens while its context lasts."""

    def __init__(self, body: bytes) -> None:
        self.asked, self.status, self.body = 0, 200, body
        self._server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self.uri = f"http://127.0.0.1:{self._server.server_address[1]}/published"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _fault: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
