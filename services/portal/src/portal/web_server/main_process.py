"""The main process of the web server, a program that gets the target, a socket that listens, and two numbers.

It starts the web processes and does nothing else, so it imports nothing of the service and is of 13 MiB. The
command that becomes it is of 101 MiB.
"""

import socket
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module

from portal.web_server.processes import Processes


def run(target: str, descriptor: int, processes: int, threads: int) -> bool:
    """Serve `module:name` until a signal; tells whether one ended it, and not that no process could start.

    The first SIGTERM or SIGINT lets each process finish what it is answering, the second ends them at once.
    A process that dies is replaced.
    """
    with socket.socket(fileno=descriptor) as listening:
        listening.set_inheritable(False)
        return Processes(partial(_serve, target, listening, threads), processes, listening.close).run()


def _serve(target: str, listening: socket.socket, threads: int, works: Callable[[], None]) -> None:
    from portal.web_server import web_process  # noqa: PLC0415 - in the new process alone

    module, _, name = target.partition(":")
    web_process.serve(getattr(import_module(module), name), listening, threads, works)


if __name__ == "__main__":
    _target, *_numbers = sys.argv[1:]
    sys.exit(not run(_target, *map(int, _numbers)))
