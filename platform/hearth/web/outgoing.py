"""The only way to fetch an address that came from somebody else: public hosts, https, little, once.

The name is resolved once, every answer must be a public address, and the connection goes to that
very address; a name that means something else a moment later leads nowhere new.
"""

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

PORTS = frozenset({443})
LARGEST = 1024 * 1024
PATIENCE = 10.0
CHUNK = 64 * 1024
# Addresses that wrap an IPv4 address in an IPv6 one reach what is wrapped.
TRANSLATED = ipaddress.IPv6Network("64:ff9b::/32")

Resolve = Callable[[str, int], Collection[str]]


class OutgoingRefusedError(ValueError):
    """An address is not fetched, or its answer is not taken; the message names no address."""


@dataclass(frozen=True)
class Fetched:
    """An answer from outside."""

    status: int
    content_type: str
    body: bytes


def is_public(address: str) -> bool:
    """Whether an address lies on the public internet, seen through every wrapping."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if found.sixtofour is not None or found.teredo is not None or found in TRANSLATED:
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def addresses_of(host: str, port: int) -> Collection[str]:
    """Everything a name means at this moment."""
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OutgoingRefusedError("the name means nothing") from error
    return [str(answer[4][0]) for answer in answers]


def fetch(
    url: str,
    *,
    ports: Collection[int] = PORTS,
    largest: int = LARGEST,
    patience: float = PATIENCE,
    trust: ssl.SSLContext | None = None,
    resolve: Resolve = addresses_of,
    may_reach: Callable[[str], bool] = is_public,
) -> Fetched:
    """Fetch an address that came from somebody else.

    :raises OutgoingRefusedError: it is not https, not public, redirects, is too large or too slow.
    """
    parts, port = _parsed(url, ports)
    host = str(parts.hostname)
    addresses = resolve(host, port)
    # One private answer among public ones is reason enough: somebody is playing with the name.
    if not addresses or not all(may_reach(address) for address in addresses):
        raise OutgoingRefusedError("the address is not public")
    connection = _Pinned(host, port, next(iter(addresses)), patience, trust)
    until = time.monotonic() + patience
    try:
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        connection.request("GET", path, headers={"Accept-Encoding": "identity"})
        answer = connection.getresponse()
        if 300 <= answer.status < 400:
            raise OutgoingRefusedError("the answer leads elsewhere")
        body = _read(answer, largest, until)
    except (OSError, http.client.HTTPException) as error:
        raise OutgoingRefusedError("nobody answered as asked") from error
    finally:
        connection.close()
    return Fetched(answer.status, answer.headers.get_content_type(), body)


class _Pinned(http.client.HTTPSConnection):
    """A connection to one address, whose certificate must be that of the name."""

    def __init__(
        self, host: str, port: int, address: str, patience: float, trust: ssl.SSLContext | None
    ) -> None:
        self._trust = trust or ssl.create_default_context()
        super().__init__(host, port, timeout=patience, context=self._trust)
        self._address = address

    def connect(self) -> None:
        """Go to the address that was looked at, whatever the name means by now."""
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock: Any = self._trust.wrap_socket(plain, server_hostname=self.host)


def _parsed(url: str, ports: Collection[int]) -> tuple[SplitResult, int]:
    if any(sign <= " " or sign in "\\\x7f" for sign in url) or not url.isascii():
        raise OutgoingRefusedError("this is no plain address")
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError as error:
        raise OutgoingRefusedError("this is no address") from error
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc:
        raise OutgoingRefusedError("only https to a plain name")
    if port not in ports:
        raise OutgoingRefusedError("this port is not for us")
    return parts, port


def _read(answer: http.client.HTTPResponse, largest: int, until: float) -> bytes:
    taken = bytearray()
    while part := answer.read1(CHUNK):
        taken += part
        if len(taken) > largest:
            raise OutgoingRefusedError("the answer is too large")
        if time.monotonic() > until:
            raise OutgoingRefusedError("the answer takes too long")
    return bytes(taken)
