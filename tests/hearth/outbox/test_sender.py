"""From whom a mail comes, as a relay reads it."""

from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default

import pytest

from config.settings import MissingSettingError, Settings
from hearth.outbox.mail import Mail, Relay, send
from tests.canaries.outputs import Post
from tests.support.servers import Addresses, settings_for

LETTER = Mail(
    to="donor@example.org", sender_name="Дом для мам", subject="Test", text="Test", html="<p>Test"
)


@pytest.fixture
def post() -> Iterator[Post]:
    post = Post()
    post.refuses = False
    yield post
    post.close()


@pytest.mark.parametrize(
    "mail_from", ["hearth@example.org", "Hearth <hearth@example.org>", '"A@B" <hearth@example.org>']
)
def test_a_sender_with_a_name_is_the_same_sender(mail_from: str, post: Post) -> None:
    via = Relay(
        host="127.0.0.1", port=post.port, user=None, password=None, tls=False, mail_from=mail_from
    )

    send(via, LETTER, message_id="one")

    (message,) = (message_from_bytes(body, policy=default) for body in post.taken)
    (sender,) = message["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("Дом для мам", "hearth@example.org")
    assert message["Message-ID"] == "<one@example.org>"


@pytest.mark.parametrize("mail_from", ["Hearth", "hearth@", "Hearth <>"])
def test_a_sender_without_an_address_refuses_to_start(
    mail_from: str, addresses: Addresses, settings: Settings
) -> None:
    database = settings.database_url.rpartition("/")[2]

    with pytest.raises(MissingSettingError, match="HEARTH_MAIL_FROM"):
        settings_for(addresses, database, HEARTH_MAIL_FROM=mail_from)
