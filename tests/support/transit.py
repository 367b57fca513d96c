"""A key management service as others run it: the two calls of Vault's transit engine over HTTP."""

import base64
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "test-transit-token"


class TransitServer(ThreadingHTTPServer):
    """Keeps a key per name and never gives one away."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.keys: dict[str, bytes] = {}
        self.calls: list[str] = []
        self.sealed = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, action: str, name: str, told: dict[str, str]) -> dict[str, str] | None:
        """What the service says; None where it refuses."""
        self.calls.append(action)
        key = AESGCM(self.keys.setdefault(name, os.urandom(32)))
        if action == "encrypt":
            nonce = os.urandom(12)
            sealed = nonce + key.encrypt(nonce, base64.b64decode(told["plaintext"]), None)
            return {"ciphertext": f"vault:v1:{base64.b64encode(sealed).decode()}"}
        raw = base64.b64decode(told["ciphertext"].removeprefix("vault:v1:"))
        try:
            opened = key.decrypt(raw[:12], raw[12:], None)
        except InvalidTag:
            return None
        return {"plaintext": base64.b64encode(opened).decode()}


class _Handler(BaseHTTPRequestHandler):
    server: TransitServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        parts = self.path.split("/")
        if self.server.sealed or self.headers["X-Vault-Token"] != TOKEN:
            self._send(503 if self.server.sealed else 403, {"errors": ["refused"]})
            return
        if parts[:3] != ["", "v1", "transit"] or parts[3] not in ("encrypt", "decrypt"):
            self._send(404, {"errors": []})
            return
        data = self.server.answer(parts[3], parts[4], json.loads(body))
        if data is None:
            self._send(400, {"errors": ["cipher: message authentication failed"]})
        else:
            self._send(200, {"data": data})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""

    def _send(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def transit_server() -> Iterator[TransitServer]:
    """The service on a free port until the block ends."""
    server = TransitServer()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
