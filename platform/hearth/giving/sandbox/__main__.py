"""Runs the sandbox: ``HEARTH_SANDBOX=1 python -m hearth.giving.sandbox --port 4242``."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from hearth.giving.sandbox.machine import DEFAULT_API_KEY, Machine
from hearth.giving.sandbox.server import SandboxServer


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="hearth.giving.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4242)
    parser.add_argument("--state", type=Path, help="SQLite file; without it nothing is kept")
    parser.add_argument("--api-key", default=DEFAULT_API_KEY)
    parser.add_argument("--public-url", help="how browsers reach this server")
    parser.add_argument("--webhook-url")
    parser.add_argument("--webhook-secret")
    options = parser.parse_args()
    machine = Machine(options.state, api_key=options.api_key, public_url=options.public_url)
    given = {"webhook_url": options.webhook_url, "webhook_secret": options.webhook_secret}
    machine.switches.set({name: value for name, value in given.items() if value is not None})
    server = SandboxServer(machine, host=options.host, port=options.port)
    for sign in (signal.SIGINT, signal.SIGTERM):
        # shutdown() waits for serve() to return, so it cannot run in serve()'s own thread.
        signal.signal(sign, lambda *_: threading.Thread(target=server.shutdown).start())
    sys.stdout.write(f"Stripe sandbox on {server.url}, switches on {server.url}/_sandbox/\n")
    sys.stdout.flush()
    server.serve()


if __name__ == "__main__":
    main()
