"""The sandbox as a web application, and a threaded server for it on one port."""

import threading
from types import TracebackType
from typing import Self

from flask import Flask, Response
from werkzeug.serving import WSGIRequestHandler, make_server

from hearth.giving.sandbox.api import create_api, refuse
from hearth.giving.sandbox.controls import create_controls
from hearth.giving.sandbox.errors import ApiError
from hearth.giving.sandbox.machine import Machine
from hearth.giving.sandbox.pages import create_pages


def create_app(machine: Machine) -> Flask:
    """Build the WSGI application around a machine that somebody else starts and stops."""
    app = Flask(__name__, static_url_path="/static")
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.register_blueprint(create_api(machine))
    app.register_blueprint(create_pages(machine))
    app.register_blueprint(create_controls(machine))
    app.register_error_handler(ApiError, refuse)

    @app.errorhandler(404)
    def unknown(_error: Exception) -> Response:
        return refuse(ApiError("Unrecognized request URL.", status=404))

    return app


class _Quiet(WSGIRequestHandler):
    """Answers without a line for each request, and keeps connections open between them."""

    protocol_version = "HTTP/1.1"
    # Head and body leave in two pieces; held back, the second would wait for the client's
    # acknowledgement of the first, which comes 40 ms later.
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


class SandboxServer:
    """A machine that listens; in a ``with`` block it runs in a thread until the block ends."""

    def __init__(self, machine: Machine, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.machine = machine
        self._server = make_server(
            host, port, create_app(machine), threaded=True, request_handler=_Quiet
        )
        self.url = f"http://{host}:{self._server.server_port}"

    def serve(self) -> None:
        """Answer until somebody calls ``shutdown``."""
        self.machine.start()
        try:
            self._server.serve_forever(poll_interval=0.02)
        finally:
            self._server.server_close()
            self.machine.stop()

    def shutdown(self) -> None:
        """Have ``serve`` return."""
        self._server.shutdown()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.serve, name="sandbox-server", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown()
        self._thread.join()
