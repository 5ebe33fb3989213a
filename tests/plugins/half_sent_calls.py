"""gRPC calls whose headers alone are sent (RFC 9113 §6.2), frame by frame."""

import socket

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, SETTINGS, END_HEADERS = 1, 4, 4


def begin_calls(port: int, path: str, number: int) -> socket.socket:
    """Return a connection on which so many calls of a method wait for their request."""
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": "localhost",
        "content-type": "application/grpc",
        "te": "trailers",
    }
    block = b"".join(b"\x00" + _literal(name) + _literal(value) for name, value in fields.items())
    calls = b"".join(_frame(HEADERS, END_HEADERS, 1 + 2 * call, block) for call in range(number))
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(PREFACE + _frame(SETTINGS, 0, 0, b"") + calls)
    return connection


def _literal(text: str) -> bytes:
    """Return a string of RFC 7541 §5.2, shorter than 127 bytes."""
    return bytes([len(text)]) + text.encode()


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload
