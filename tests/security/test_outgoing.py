"""An address from outside reaches public hosts alone, by whichever name or writing it comes."""

import datetime
import http.server
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from hearth.web.outgoing import OutgoingRefusedError, fetch, is_public

INSIDE = (
    "127.0.0.1", "127.8.8.8", "0.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "::1", "::",
    "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b:1::a9fe:a9fe", "2002:7f00:1::",
    "2001:0:7f00:1::", "2001:db8::1",
)  # fmt: skip
NOT_TAKEN = (
    "http://example.org/", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/",
    "https://user@example.org/", "https://example.org@127.0.0.1/", "https://example.org:22/",
    "https://example.org:6379/", "https:///x", "https://", "https://exa mple.org/",
    "https://example.org\\@127.0.0.1/", "https://example.org/\r\nX: 1", "https://\x00/", "//x",
    "https://ⓔxample.org/", "https://[::1", "https://example.org:99999/", "data:text/plain,x", "",
)  # fmt: skip
# Writings of 127.0.0.1 that a resolver understands and a list of forbidden names does not.
WRITINGS = ("127.1", "0x7f000001", "2130706433", "0177.0.0.1", "localhost", "[::1]", "127.0.0.1.")


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07::1", "::ffff:1.1.1.1"])
def test_an_address_outside_is_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_a_private_address_stays_private_however_it_is_wrapped(
    address: ipaddress.IPv4Address,
) -> None:
    wrapped = ipaddress.IPv6Address(b"\0" * 10 + b"\xff\xff" + address.packed)

    assert is_public(str(wrapped)) == is_public(str(address))
    if address.is_private:
        assert not is_public(str(address))


@pytest.mark.parametrize("url", NOT_TAKEN, ids=ascii)
def test_only_https_to_a_plain_name_is_tried(url: str) -> None:
    with pytest.raises(OutgoingRefusedError):
        fetch(url, resolve=lambda _host, _port: pytest.fail("the name was asked for"))


@pytest.mark.parametrize("host", WRITINGS)
def test_this_machine_is_not_reached_by_any_writing(host: str) -> None:
    with pytest.raises(OutgoingRefusedError):
        fetch(f"https://{host}/")


def test_one_private_answer_among_public_ones_is_enough() -> None:
    with pytest.raises(OutgoingRefusedError, match="not public"):
        fetch("https://example.org/", resolve=lambda _host, _port: ["93.184.215.14", "10.0.0.1"])


class Outside(http.server.BaseHTTPRequestHandler):
    """A host on the internet that answers as it is asked to."""

    def do_GET(self) -> None:
        size = 3000 if self.path == "/large" else 2
        self.send_response(302 if self.path == "/away" else 200)
        self.send_header("Location", "https://169.254.169.254/latest/meta-data/")
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.end_headers()
        self.wfile.write(b"x" * size)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, ssl.SSLContext]]:
    """A TLS server on this machine for the name outside.test, and what trusts it."""
    files = tmp_path_factory.mktemp("outside")
    certificate(files, "outside.test")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Outside)
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(files / "cert.pem", files / "key.pem")
    server.socket = ours.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, ssl.create_default_context(cafile=str(files / "cert.pem"))
    server.shutdown()
    server.server_close()


def certificate(files: Path, name: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (files / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (files / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def ask(outside: tuple[int, ssl.SSLContext], path: str, host: str = "outside.test") -> bytes:
    port, trust = outside
    return fetch(
        f"https://{host}:{port}{path}",
        ports={port},
        largest=1000,
        trust=trust,
        resolve=lambda _host, _port: ["127.0.0.1"],
        may_reach=lambda _address: True,
    ).body


def test_a_public_host_is_fetched(outside: tuple[int, ssl.SSLContext]) -> None:
    assert ask(outside, "/") == b"xx"


@pytest.mark.parametrize("path", ["/away", "/large"])
def test_an_answer_that_leads_away_or_never_ends_is_refused(
    outside: tuple[int, ssl.SSLContext], path: str
) -> None:
    with pytest.raises(OutgoingRefusedError):
        ask(outside, path)


def test_the_certificate_must_be_that_of_the_name(outside: tuple[int, ssl.SSLContext]) -> None:
    with pytest.raises(OutgoingRefusedError):
        ask(outside, "/", host="other.test")
