"""Leads somebody who is signed in to a file, by a link that works once, for a minute."""

import uuid
from datetime import UTC, datetime

from hearth.accounts.guard import session_token
from hearth.files.services import make_link
from hearth.web.request import organisation, session
from tenants.context import runtime


def address_of(file_id: uuid.UUID) -> str:
    """The address on the host for files; the page that leads there records the look."""
    settings = runtime().settings
    link = make_link(
        session,
        file_id,
        session_token=session_token() or "",
        organisation=organisation().slug,
        secret=settings.secret_key,
        now=datetime.now(UTC),
    )
    return f"{settings.origin(f'files.{settings.base_domain}')}/f/{link}"
