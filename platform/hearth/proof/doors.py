"""The addresses of a running installation, and a visitor who knocks at them over the network."""

import http.client
import io
import re
import ssl
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from flask import g

from hearth.accounts.guard import COOKIE
from hearth.proof.belongings import COMMON
from hearth.web.request import HearthFlask
from hearth.web.tokens import FIELD, UNSAFE, form_token
from tenants.context import runtime
from tenants.routing import SiteKind, site_for

PARAMETER = re.compile(r"<(?:[^:>]+:)?([^>]+)>")
TOKEN = re.compile(rf'name="{FIELD}" value="([^"]+)"')
# Changes from page to page and says nothing about the visitor.
ONE_TIME = re.compile(r'(name="form_token" value=|nonce=|nonce-)"?[^"\' ;]+')
PATIENCE = 30
TRIES = 5
BUSY = frozenset({429, 503})


@dataclass(frozen=True)
class Door:
    """One method of one address."""

    method: str
    rule: str

    def __str__(self) -> str:
        return f"{self.method} {self.rule}"

    @property
    def names(self) -> tuple[str, ...]:
        """What stands for ids of an organisation's own in the address."""
        return tuple(name for name in PARAMETER.findall(self.rule) if name not in COMMON)

    def path(self, ids: Mapping[str, str]) -> str:
        """The address with ids in it."""
        return PARAMETER.sub(lambda match: {**COMMON, **ids}[match[1]], self.rule)


@dataclass(frozen=True)
class Answer:
    """What a door answered, and all the words in it, those inside a workbook too."""

    status: int
    body: bytes
    wait: float = 0

    def text(self) -> str:
        """Everything readable in the answer."""
        if self.body.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(self.body)) as book:
                parts = [book.read(name) for name in book.namelist()]
            return b"\n".join(parts).decode("utf-8", "replace")
        return self.body.decode("utf-8", "replace")

    def bare(self, asked: Mapping[str, str]) -> tuple[int, str]:
        """The answer without one-time keys and without the ids that were asked for."""
        text = ONE_TIME.sub("", self.text())
        for value in asked.values():
            text = text.replace(value, "")
        return self.status, text


def doors_of(app: HearthFlask) -> list[Door]:
    """Every address of organisations' sites with its methods; the way out comes last."""
    found = []
    for rule in app.url_map.iter_rules():
        blueprint, _, _ = rule.endpoint.rpartition(".")
        kinds = app.extensions["site_kinds"].get(blueprint, frozenset())
        if SiteKind.ORGANISATION in kinds and blueprint not in {"health", "styleguide"}:
            methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            found += [Door(method, rule.rule) for method in methods]
    return sorted(found, key=lambda door: (door.method in UNSAFE, str(door)))


class Visitor:
    """Somebody who is signed in on one host of a running installation."""

    def __init__(self, app: HearthFlask, url: str, *, host: str, token: str) -> None:
        self._app = app
        self._url = urlsplit(url)
        self._host = host
        self._token = token

    def knock(self, door: Door, ids: Mapping[str, str]) -> Answer:
        """Open a door with ids in its address; where something is sent, with a true form token.

        Whoever is told to slow down waits and asks again.
        """
        for _ in range(TRIES):
            answer = self._ask(door, ids)
            if answer.status not in BUSY:
                break
            time.sleep(answer.wait)
        return answer

    def _ask(self, door: Door, ids: Mapping[str, str]) -> Answer:
        body = urlencode({FIELD: self._form_token()}) if door.method in UNSAFE else None
        headers = {
            "Host": self._host,
            "Cookie": f"{COOKIE}={self._token}",
            "Accept-Language": "en",
            "Sec-Fetch-Site": "same-origin",
            "X-Forwarded-Proto": runtime().settings.scheme,
            **({"Content-Type": "application/x-www-form-urlencoded"} if body else {}),
        }
        connection = self._connection()
        try:
            connection.request(door.method, door.path(ids), body, headers)
            answer = connection.getresponse()
            wait = float(answer.getheader("Retry-After") or 0)
            return Answer(answer.status, answer.read(), wait)
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        name, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "https":
            secure = ssl.create_default_context()
            return http.client.HTTPSConnection(name, port, timeout=PATIENCE, context=secure)
        return http.client.HTTPConnection(name, port, timeout=PATIENCE)

    def _form_token(self) -> str:
        with self._app.test_request_context(base_url=f"https://{self._host}"):
            g.site = site_for(self._host, runtime())
            g.session_binding = self._token
            found = TOKEN.search(form_token())
        return found[1] if found else ""
