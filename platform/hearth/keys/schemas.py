"""What may come in from the form that unlocks the organisation's key."""

from flask_babel import lazy_gettext as _l
from marshmallow import Schema, fields, validate


class UnlockSchema(Schema):
    """The passphrase that the organisation keeps."""

    passphrase = fields.String(
        required=True,
        validate=validate.Length(1, 1000),
        metadata={
            "label": _l("Passphrase of the organisation"),
            "hint": _l("It is written in the sealed letter that your organisation keeps."),
            "widget": "password",
            "autocomplete": "off",
        },
    )


class LockSchema(Schema):
    """Nothing is asked: the button alone says it."""
