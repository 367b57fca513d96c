"""The form that opens a family: the mother, and as many children as there are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from marshmallow import Schema, ValidationError, fields, post_load

from hearth.families.fields import (
    birth_field,
    contact_note_field,
    name_field,
    needs_field,
    not_born_yet_field,
    phone_field,
    preferred_language_field,
    primary_need_field,
    read_birth,
    read_safety,
    safe_to_call_field,
    write_safety,
)
from hearth.families.membership import NewMember, PersonDetails
from hearth.families.names import read_full_name
from hearth.families.vocabulary import MemberRole, Need, Sex
from hearth.families.words import SEXES
from hearth.intake.seen import SeenReferral
from hearth.web.fields import LocalDate
from hearth.web.formatting import today
from hearth.web.forms import Form

MOST_CHILDREN = 15


@dataclass(frozen=True)
class OpeningAnswers:
    """The first members of a family, what it asks for, and since when it is accompanied."""

    members: tuple[NewMember, ...]
    needs: tuple[Need, ...]
    primary_need: Need | None
    opened_on: date


class OpeningSchema(Schema):
    """The mother and what the family needs; ``opening_form`` adds the rows for children."""

    rows: ClassVar[int] = 0

    role = fields.Enum(
        MemberRole,
        by_value=True,
        load_default=MemberRole.MOTHER,
        metadata={
            "label": _l("Who cares for the children?"),
            "choices": [
                (MemberRole.MOTHER, _l("Their mother")),
                (MemberRole.CARER, _l("Somebody else")),
            ],
            "widget": "radios",
            "optional": False,
        },
    )
    given_name = name_field(
        _l("First name"), required=True, hint=_l("Or what she wants to be called.")
    )
    patronymic = name_field(_l("Patronymic"))
    family_name = name_field(_l("Family name"))
    born = birth_field()
    preferred_language = preferred_language_field(_l("Language she speaks best"))
    phone = phone_field(_l("Telephone"))
    safe_to_call = safe_to_call_field()
    contact_note = contact_note_field(_l("How to reach her safely"))
    opened_on = LocalDate(
        required=True, not_future=True, metadata={"label": _l("Accompanied since")}
    )
    needs = needs_field(_l("What the family asks for"))
    primary_need = primary_need_field()

    @post_load
    def answers(self, data: dict[str, Any], **_kwargs: Any) -> OpeningAnswers:
        """The family these answers describe."""
        adult = PersonDetails(
            given_name=data["given_name"],
            family_name=data["family_name"],
            patronymic=data["patronymic"],
            birth=read_birth(data["born"], expected=False, field="born"),
            sex=Sex.FEMALE if data["role"] is MemberRole.MOTHER else Sex.UNKNOWN,
            preferred_language=data["preferred_language"],
            phone=data["phone"],
            safe_to_call=read_safety(data["safe_to_call"]),
            contact_note=data["contact_note"],
        )
        children = (self._child(data, f"child_{row}_", adult) for row in range(1, self.rows + 1))
        return OpeningAnswers(
            members=(
                NewMember(person=adult, role=data["role"]),
                *(NewMember(person=child, role=MemberRole.CHILD) for child in children if child),
            ),
            needs=tuple(data["needs"]),
            primary_need=data["primary_need"],
            opened_on=data["opened_on"],
        )

    def _child(
        self, data: Mapping[str, Any], row: str, adult: PersonDetails
    ) -> PersonDetails | None:
        """The child of one row; an untouched row is nobody."""
        given_name, family_name = data[f"{row}given_name"], data[f"{row}family_name"]
        birth = read_birth(
            data[f"{row}born"], expected=data[f"{row}not_born_yet"], field=f"{row}born"
        )
        if not (given_name or family_name or birth.on):
            return None
        if not (given_name or birth.is_expected):
            raise ValidationError({f"{row}given_name": [_("Enter the child's first name.")]})
        return PersonDetails(
            given_name=given_name,
            family_name=family_name or adult.family_name,
            birth=birth,
            sex=data[f"{row}sex"],
        )


@dataclass(frozen=True)
class Opening:
    """The form and how many rows for children it has."""

    form: Form
    rows: int

    @property
    def may_grow(self) -> bool:
        """Whether there is room for another child."""
        return self.rows < MOST_CHILDREN


def opening_form(referral: SeenReferral, sent: Mapping[str, str] | None) -> Opening:
    """The form for a referral, filled in as far as it was told; "add a child" makes it grow."""
    rows = max(referral.children_count or 0, 1)
    if sent is not None:
        text = sent.get("rows", "")
        rows = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 1
        rows += "add_child" in sent
    rows = min(rows, MOST_CHILDREN)
    return Opening(Form(_schema(rows), sent, _known(referral)), rows)


def _schema(rows: int) -> Schema:
    children: dict[str, object] = {}
    for row in range(1, rows + 1):
        family_hint = _l("Leave this empty if it is the same as the mother's.")
        children |= {
            f"child_{row}_given_name": name_field(_l("First name")),
            f"child_{row}_family_name": name_field(_l("Family name"), hint=family_hint),
            f"child_{row}_born": birth_field(),
            f"child_{row}_not_born_yet": not_born_yet_field(),
            f"child_{row}_sex": fields.Enum(
                Sex,
                by_value=True,
                load_default=Sex.UNKNOWN,
                metadata={"label": _l("Sex"), "choices": SEXES.items(), "widget": "radios"},
            ),
        }
    schema = type("OpeningSchemaWithChildren", (OpeningSchema,), {**children, "rows": rows})
    return schema()  # type: ignore[no-any-return]


def _known(referral: SeenReferral) -> dict[str, Any]:
    """What the referral tells already."""
    phone = referral.mother_contact or ""
    is_number = bool(phone) and set(phone) <= set("0123456789+()-./ ") and len(phone) <= 40
    return {
        "role": MemberRole.MOTHER,
        **vars(read_full_name(referral.mother_name or "")),
        "phone": phone if is_number else None,
        "contact_note": None if is_number else referral.mother_contact,
        "safe_to_call": write_safety(referral.safe_to_call),
        "opened_on": today(),
        "needs": list(referral.needs),
        **{f"child_{row}_sex": Sex.UNKNOWN for row in range(1, MOST_CHILDREN + 1)},
    }
