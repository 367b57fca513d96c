"""What a visitor sees while an organisation takes no change: nothing is lost, and when to try."""

from flask import Response, g, make_response, render_template, request

from hearth.web.tokens import UNSAFE, kept_form

RETRY_SECONDS = 60


def refuse_changes_for_now() -> Response | None:
    """Answer every change with a pause while the organisation is read-only; looking goes on."""
    site = g.get("site")
    if site is None or site.organisation is None or not site.organisation.read_only:
        return None
    return pause() if request.method in UNSAFE else None


def pause() -> Response:
    """The page that asks to try again in a moment, with everything that was sent kept in it."""
    g.setdefault("user", None)
    kept = kept_form()
    # Files are known of where the form was read, and are not waited for.
    files = bool(vars(request).get("files"))
    page = render_template("errors/paused.html", kept=kept, files=files, seconds=RETRY_SECONDS)
    response = make_response(page, 503)
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response
