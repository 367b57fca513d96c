"""What may be asked of an organisation's own figures: a range of months, and not too many."""

from typing import Any

from flask_babel import ngettext
from marshmallow import ValidationError, validates_schema

from hearth.web.months import RangeSchema

# Every month is counted anew for every figure while somebody waits.
MOST_YEARS = 3


class OwnRangeSchema(RangeSchema):
    """A range of at most three years."""

    @validates_schema
    def few_enough(self, data: dict[str, Any], **_options: Any) -> None:
        """Refuse a range whose figures would keep the reader waiting."""
        since, until = data.get("since"), data.get("until")
        if since and until and _months(until) - _months(since) >= MOST_YEARS * 12:
            raise ValidationError(
                {
                    "since": [
                        ngettext(
                            "Choose a range of at most %(num)s year.",
                            "Choose a range of at most %(num)s years.",
                            MOST_YEARS,
                        )
                    ]
                }
            )


def _months(month: str) -> int:
    year, _, number = month.partition("-")
    return int(year) * 12 + int(number)
