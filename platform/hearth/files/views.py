"""The one door of the host for files: a link is worth its file once, and nothing else is here."""

from datetime import UTC, datetime

from flask import Blueprint, Response, abort, request

from hearth.accounts.guard import public
from hearth.files import services
from hearth.files.content import bytes_of
from hearth.files.kinds import KINDS
from hearth.files.models import StoredFile
from hearth.web.answers import found
from tenants.context import runtime, tenant_session
from tenants.registry import OrgRef, UnknownOrganisationError

blueprint = Blueprint("files", __name__)
# Even a file that fooled every check is shown as a page of nobody, with nothing it may do.
POLICY = (
    "sandbox; default-src 'none'; object-src 'none'; form-action 'none'; frame-ancestors 'none';"
    " base-uri 'none'"
)


@blueprint.get("/f/<link>")
@public
def hand_out(link: str) -> Response:
    """Hand a file out to be saved."""
    if request.method == "HEAD":
        # Whoever only looks ahead, as scanners of links do, must not use the link up.
        abort(405)
    organisation = found(_organisation(link))
    with tenant_session(organisation) as session:
        file = found(services.open_link(session, link, now=datetime.now(UTC)))
        return _attachment(file)


def _organisation(link: str) -> OrgRef | None:
    slug = services.organisation_of(link, secret=runtime().settings.secret_key)
    try:
        return runtime().registry.get(slug) if slug else None
    except UnknownOrganisationError:
        return None


def _attachment(file: StoredFile) -> Response:
    kind = KINDS[file.kind]
    answer = Response(found(bytes_of(file)), mimetype=kind.media_type)
    # The name is ours: what somebody's computer called the file may name a family.
    name = f"document-{file.id.hex[-8:]}{kind.ending}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Content-Security-Policy"] = POLICY
    return answer
