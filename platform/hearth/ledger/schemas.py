"""What the journal can be asked."""

from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import Schema, pre_load

from hearth.web.fields import LocalDate


class JournalSchema(Schema):
    """One month of the journal."""

    month = LocalDate(metadata={"label": _l("Month"), "widget": "month"})

    @pre_load
    def _first_day(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return {**data, "month": f"{data['month']}-01"} if data.get("month") else data
