"""Mails to those who watch over data: what is to be looked at, and the page where; nothing more."""

import uuid
from collections.abc import Sequence
from typing import Any, cast

from flask import current_app
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Permission
from hearth.accounts.standing import holders
from hearth.outbox.mail import Mail
from tenants.context import runtime
from tenants.registry import OrgRef


def watchers(session: Session, permission: Permission) -> Sequence[User]:
    """The colleagues who may do it, as long as they work here."""
    able = [user_id for user_id, _name in holders(session, permission)]
    return session.scalars(select(User).where(User.id.in_(able)).order_by(User.id)).all()


def watcher(session: Session, user_id: str) -> User:
    """One of them, by the id in a message."""
    return session.get_one(User, uuid.UUID(user_id))


def office_mail(
    session: Session, user: User, *, subject: str, sentences: Sequence[str], path: str
) -> Mail:
    """A short mail in plain words with one link; the caller has chosen the reader's language."""
    house = cast("OrgRef", session.info["organisation"])
    settings = runtime().settings
    host = house.hosts[0] if house.hosts else f"{house.slug}.{settings.base_domain}"
    url = f"{settings.origin(host)}{path}"
    paragraphs = Markup("").join(Markup("<p>{}</p>").format(one) for one in sentences)
    link = Markup('<p><a href="{0}">{0}</a></p>').format(url)
    html = Markup('<!doctype html><html lang="{}"><title>{}</title><body>{}{}</body></html>')
    return Mail(
        to=user.email,
        sender_name=house.name(user.locale),
        subject=subject,
        text="\n\n".join((*sentences, url)) + "\n",
        html=str(html.format(user.locale, subject, paragraphs, link)),
    )


def path_to(endpoint: str, **values: Any) -> str:
    """The address of a page where nobody asked for one, such as in a job."""
    with current_app.test_request_context():
        return current_app.url_for(endpoint, **values)
