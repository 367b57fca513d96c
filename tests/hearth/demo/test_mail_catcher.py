"""The mail catcher: what goes in by SMTP comes out on the page, and does no harm there."""

import json
import os
import re
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from email.message import EmailMessage, Message
from http.client import HTTPConnection
from pathlib import Path

import pytest

from config.child_processes import free_port
from hearth.demo.mail_catcher import MailCatcher

ROOT = Path(__file__).parents[3]


@pytest.fixture
def catcher(tmp_path: Path) -> Iterator[MailCatcher]:
    with MailCatcher(tmp_path / "mail.sqlite") as running:
        yield running


def _message(**changes: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = changes.get("sender", "Hearth <hearth@example.org>")
    message["To"] = changes.get("to", "donor@example.org")
    message["Subject"] = changes.get("subject", "Bedankt – спасибо")
    message["Message-ID"] = "<receipt.0001@example.org>"
    message.set_content(changes.get("text", "Thank you, Märta."))
    message.add_alternative(
        changes.get("html", "<html><head></head><body><p>Thank you</p></body></html>"), "html"
    )
    message.add_attachment(
        b"%PDF-1.7 receipt", maintype="application", subtype="pdf", filename="квитанция.pdf"
    )
    return message


def _send(catcher: MailCatcher, message: EmailMessage, *, to: list[str] | None = None) -> None:
    with smtplib.SMTP("127.0.0.1", catcher.smtp_port, timeout=10) as client:
        client.send_message(message, to_addrs=to)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def _ask(catcher: MailCatcher, path: str, method: str = "GET", **headers: str) -> Answer:
    connection = HTTPConnection("127.0.0.1", catcher.http_port, timeout=10)
    with closing(connection):
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())


def test_a_message_sent_by_smtp_is_told_to_programs_in_full(catcher: MailCatcher) -> None:
    _send(catcher, _message())

    [caught] = json.loads(_ask(catcher, "/api/messages").body)

    assert caught["subject"] == "Bedankt – спасибо"
    assert caught["recipients"] == ["donor@example.org"]
    assert caught["headers"]["message-id"] == "<receipt.0001@example.org>"
    assert caught["text"] == "Thank you, Märta.\n"
    assert "<p>Thank you</p>" in caught["html"]
    assert caught["attachments"] == [
        {"name": "квитанция.pdf", "media_type": "application/pdf", "size": 16}
    ]


def test_messages_are_listed_newest_first_and_by_recipient(catcher: MailCatcher) -> None:
    _send(catcher, _message(subject="first"), to=["one@example.org", "two@example.org"])
    _send(catcher, _message(subject="second"), to=["someone@example.org"])

    page = _ask(catcher, "/").text

    assert page.index("second") < page.index("first")
    assert [caught.subject for caught in catcher.messages(to="TWO@example.org")] == ["first"]
    assert [caught.subject for caught in catcher.messages(to="one@example.org")] == ["first"]


def test_an_attachment_comes_back_byte_for_byte_and_only_to_be_saved(catcher: MailCatcher) -> None:
    _send(catcher, _message())

    answer = _ask(catcher, "/messages/1/attachments/0")

    assert answer.body == b"%PDF-1.7 receipt"
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment;")


def test_a_subject_full_of_markup_is_shown_as_text(catcher: MailCatcher) -> None:
    _send(catcher, _message(subject="<script>alert(1)</script>"))

    page = _ask(catcher, "/messages/1").text

    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_message_is_framed_without_scripts_and_without_the_network(catcher: MailCatcher) -> None:
    _send(catcher, _message(html="<script>alert(1)</script><img src='https://elsewhere.example/'>"))

    page = _ask(catcher, "/messages/1")
    policy = _ask(catcher, "/messages/1/html").headers["Content-Security-Policy"]

    frame = re.search(r"<iframe [^>]*>", page.text)
    assert frame is not None
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in frame[0]
    assert "default-src 'none'" in policy
    assert "img-src data:" in policy
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in policy
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]


def test_links_in_a_message_open_in_a_tab_of_their_own(catcher: MailCatcher) -> None:
    _send(catcher, _message())

    html = _ask(catcher, "/messages/1/html").text

    assert html.startswith('<html><head><base target="_blank"></head>')


@pytest.mark.parametrize(
    "path", ["/messages/1", "/messages/1/html", "/messages/1/source", "/messages/1/attachments/0"]
)
def test_a_message_that_is_not_there_is_not_found(catcher: MailCatcher, path: str) -> None:
    _send(catcher, _message())
    catcher.store.clear()

    answer = _ask(catcher, path)

    assert answer.status == 404


def test_a_strangers_host_name_gets_no_mail(catcher: MailCatcher) -> None:
    _send(catcher, _message())

    answer = _ask(catcher, "/api/messages", Host="rebound.example")

    assert answer.status == 400
    assert b"donor@example.org" not in answer.body


def test_forgetting_leaves_an_empty_list_that_says_what_to_do(catcher: MailCatcher) -> None:
    _send(catcher, _message())

    answer = _ask(catcher, "/clear", "POST")

    assert answer.headers["Location"] == "/"
    assert "No message yet" in _ask(catcher, "/").text
    assert catcher.messages() == []


def test_the_catcher_runs_as_a_process_and_keeps_mail_over_a_restart(tmp_path: Path) -> None:
    state, smtp_port, http_port = tmp_path / "mail.sqlite", free_port(), free_port()
    command = [sys.executable, "-m", "hearth.demo.mail_catcher", "--state", str(state)]
    command += ["--smtp-port", str(smtp_port), "--http-port", str(http_port)]
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"}
    process = subprocess.Popen(command, env=environ)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                with smtplib.SMTP("127.0.0.1", smtp_port, timeout=5) as client:
                    client.send_message(_message())
                break
            except ConnectionRefusedError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(10)

    with MailCatcher(state) as again:
        kept = again.messages()

    assert code == 0
    assert [caught.subject for caught in kept] == ["Bedankt – спасибо"]
    assert state.stat().st_mode & 0o077 == 0
