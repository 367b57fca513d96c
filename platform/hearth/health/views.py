"""The probes; they answer on any host, because they are asked by address."""

from flask import Blueprint, jsonify
from flask.wrappers import Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from hearth.accounts.guard import public
from tenants.context import shared_session
from tenants.releases import head

blueprint = Blueprint("health", __name__)


@blueprint.get("/livez")
@public(any_host=True)
def live() -> Response:
    """The process answers; says nothing about what stands behind it."""
    return jsonify(status="alive")


@blueprint.get("/readyz")
@public(any_host=True)
def ready() -> tuple[Response, int]:
    """The registry answers and stands at this release's revision; Redis is not asked."""
    try:
        with shared_session() as session:
            revision = session.scalar(
                text("SELECT revision FROM shared.schema_versions WHERE schema_name = 'shared'")
            )
    except SQLAlchemyError:
        return jsonify(status="no database"), 503
    if revision is None or revision < head("shared"):
        return jsonify(status="not migrated"), 503
    return jsonify(status="ready"), 200
