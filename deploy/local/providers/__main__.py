"""Starts the simulated providers: `python -m deploy.local.providers`."""

import argparse
from pathlib import Path

from werkzeug.serving import make_server

from .key_files import environment, load_or_create

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def main() -> None:
    """Serve until interrupted; with `--environment`, only print the settings of identity."""
    parser = argparse.ArgumentParser(description="Simulated sign-in providers, for local development.")
    parser.add_argument("--bind", default="127.0.0.1:8070", help="host:port on this machine")
    parser.add_argument("--keys", type=Path, default=Path(".local/providers"), help="folder for made-up keys")
    parser.add_argument("--environment", action="store_true", help="write IDENTITY_… settings and stop")
    arguments = parser.parse_args()
    host, _, port = arguments.bind.rpartition(":")
    if host not in _LOOPBACK:
        parser.error("simulated providers sign in without a password: they only serve this machine")
    providers = load_or_create(arguments.keys)
    if arguments.environment:
        settings = environment(providers, arguments.bind, arguments.keys)
        print("\n".join(f"{name}={value}" for name, value in settings.items()))
        return
    server = make_server(host, int(port), providers.wsgi(), threaded=True)
    print(f"simulated providers at http://{arguments.bind}/", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
