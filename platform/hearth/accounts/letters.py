"""Letters of the house to its own people: one voice, one link, as plain text and as HTML."""

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass

import css_inline
from flask import current_app
from flask_babel import force_locale
from sqlalchemy.orm import Session

from hearth.accounts.models import User, directory
from hearth.accounts.permissions import Permission, Role
from hearth.accounts.standing import holders, in_roles
from hearth.outbox.mail import Mail
from hearth.web.palette import palette
from tenants.context import runtime

_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False)
FEDERATION_NAME = "Hearth"
FEDERATION_THEME = "federation"


@dataclass(frozen=True)
class Letter:
    """What a letter says, before it is set; the house's name is its signature."""

    subject: str
    greeting: str
    paragraphs: tuple[str, ...]
    link_label: str


@dataclass(frozen=True)
class LetterHouse:
    """Who writes: the name in a language, the look, and the address that links begin with."""

    names: dict[str, str]
    theme: str
    origin: str

    def name(self, locale: str) -> str:
        """The name in a locale, or in English where it has none in it."""
        return self.names.get(locale) or self.names["en"]


def house_of(session: Session) -> LetterHouse:
    """Whoever's session this is, as its mail says it; nothing comes from a visitor's request."""
    settings = runtime().settings
    house = session.info["organisation"]
    if house is None:
        origin = settings.origin(f"federation.{settings.base_domain}")
        return LetterHouse({"en": FEDERATION_NAME}, FEDERATION_THEME, origin)
    host = house.hosts[0] if house.hosts else f"{house.slug}.{settings.base_domain}"
    return LetterHouse(dict(house.names), house.theme, settings.origin(host))


def reader_of(
    session: Session,
    user_id: str,
    *,
    holding: Permission | None = None,
    among: Collection[Role] = (),
) -> User | None:
    """Who a letter is for, asked when it leaves: it may have waited for days.

    None where she has left meanwhile. A letter to an office names what makes it hers, and is for
    nobody who holds that permission no longer, or is none of those any more.
    """
    reader = session.get(directory(session).user, uuid.UUID(user_id))
    if reader is None or reader.disabled_at is not None:
        return None
    if holding and reader.id not in {one for one, _name in holders(session, holding)}:
        return None
    return None if among and reader.id not in in_roles(session, among) else reader


def mail_to(
    session: Session,
    user_id: str,
    *,
    path: str,
    write: Callable[[], Letter],
    holding: Permission | None = None,
    among: Collection[Role] = (),
) -> Mail | None:
    """A letter to a colleague in her language, with a link to one of our pages.

    None where it is not hers to read any more.
    """
    reader = reader_of(session, user_id, holding=holding, among=among)
    if reader is None:
        return None
    with force_locale(reader.locale):
        url = f"{house_of(session).origin}{path}"
        return mail_of(session, write(), to=reader.email, url=url, locale=reader.locale)


def mail_of(session: Session, letter: Letter, *, to: str, url: str, locale: str) -> Mail:
    """Set a letter."""
    house = house_of(session)
    name = house.name(locale)
    html = current_app.jinja_env.get_template("letter.html").render(
        letter=letter,
        url=url,
        organisation=name,
        closing=name,
        lang=locale,
        colours=palette(house.theme),
    )
    parts = (letter.greeting, *letter.paragraphs, f"{letter.link_label}:\n{url}", name)
    return Mail(
        to=to,
        sender_name=name,
        subject=letter.subject,
        text="\n\n".join(parts) + "\n",
        html=_INLINER.inline(html),
    )
