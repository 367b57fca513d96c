"""What may come in from the forms about documents, and why a file is not taken, in words."""

from flask_babel import lazy_gettext as _l
from marshmallow import Schema, fields

from hearth.files.kinds import KINDS, Refusal
from hearth.web.fields import PlainText

ENDINGS = ",".join(sorted(ending for kind in KINDS.values() for ending in kind.endings))
REFUSALS = {
    Refusal.NOTHING: _l("Choose a file first."),
    Refusal.TOO_LARGE: _l("This file is too large. Send at most 10 megabytes."),
    Refusal.UNKNOWN_KIND: _l("Only PDF documents and JPEG or PNG pictures are taken."),
    Refusal.WRONG_ENDING: _l("The file's name and its content do not say the same. Save it anew."),
    Refusal.UNREADABLE: _l("This file cannot be read. It may be damaged; save it anew."),
    Refusal.TOO_MANY_PIXELS: _l("This picture is too large. Make it smaller, then try again."),
    Refusal.TOO_MANY_PAGES: _l("This document has too many pages. Split it into parts."),
    Refusal.LOCKED: _l("This document is locked with a password. Save it without one."),
    Refusal.ACTIVE: _l(
        "This document holds more than pages, such as scripts or files. Print it as a new PDF."
    ),
    Refusal.INFECTED: _l("The virus scanner found something in this file. It was not taken."),
    Refusal.NOT_EXAMINED: _l("The virus scanner does not answer. Try again in some minutes."),
}


class AddDocumentSchema(Schema):
    """A file and what it is; the file itself comes beside the form's texts."""

    file = fields.Raw(
        load_default=None,
        metadata={
            "label": _l("File"),
            "widget": "file",
            "optional": False,
            "hint": _l(
                "PDF, JPEG or PNG, at most 10 megabytes. Pictures lose where they were taken."
            ),
        },
    )
    title = PlainText(
        required=True,
        max_length=200,
        metadata={"label": _l("What it is"), "hint": _l("For example: birth certificate")},
    )


class WithdrawSchema(Schema):
    """Why a document is withdrawn."""

    reason = PlainText(
        required=True, max_length=500, multiline=True, metadata={"label": _l("Why"), "rows": 3}
    )
