"""A gRPC server that returns its request: `python -m benchmarks.echo HOST:PORT THREADS`.

It uses the server and the options of billing_link, so its cost is the cost of gRPC.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
from billing_link.rpc.connections import SERVER_OPTIONS

SERVICE, METHOD = "benchmarks.Echo", "Echo"
PATH = f"/{SERVICE}/{METHOD}"
LARGEST_REQUEST = 16 * 1024


def _echo(request: bytes, _context: grpc.ServicerContext) -> bytes:
    return request


def main(address: str, threads: int) -> None:
    """Serve until the process ends."""
    options = [
        ("grpc.max_receive_message_length", LARGEST_REQUEST),
        ("grpc.so_reuseport", 0),
        *SERVER_OPTIONS,
    ]
    server = grpc.server(ThreadPoolExecutor(threads), options=options, maximum_concurrent_rpcs=threads * 16)
    # Without serializers a message is its bytes.
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        METHOD: grpc.unary_unary_rpc_method_handler(_echo)
    }
    server.add_registered_method_handlers(SERVICE, handlers)
    server.add_insecure_port(address)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
