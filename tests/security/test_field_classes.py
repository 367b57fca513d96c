"""What each field of a family's file counts as, written down once more and apart from the code."""

from hearth.data_classes import FieldClass
from tests.security.mutants import shown_fields

F = FieldClass
IN_WRITING = {
    "SeenDocument.title": F.FREE_TEXT,
    "SeenDocument.withdrawn_because": F.FREE_TEXT,
    "SeenDocument.opens": F.FREE_TEXT,
    "SeenPerson.patronymic": F.IDENTITY,
    "SeenPerson.family_name": F.IDENTITY,
    "SeenPerson.birth": F.IDENTITY,
    "SeenPerson.sex": F.IDENTITY,
    "SeenPerson.preferred_language": F.IDENTITY,
    "SeenPerson.phone": F.CONTACT,
    "SeenPerson.contact_note": F.CONTACT,
    "SeenEpisode.closing_note": F.FREE_TEXT,
    "SeenGrant.reason": F.FREE_TEXT,
    "SeenRestriction.kind": F.LEGAL,
    "SeenReferral.referrer_name": F.IDENTITY,
    "SeenReferral.referrer_body": F.FREE_TEXT,
    "SeenReferral.referred_on_to": F.FREE_TEXT,
    "SeenReferral.referrer_phone": F.CONTACT,
    "SeenReferral.mother_name": F.IDENTITY,
    "SeenReferral.mother_contact": F.CONTACT,
    "SeenReferral.children_ages": F.FREE_TEXT,
    "SeenReferral.situation": F.FREE_TEXT,
    "SeenReferral.decision_note": F.FREE_TEXT,
    "SeenService.kind": F.HEALTH,
    "SeenService.note": F.SEALED_NOTE,
    "SeenService.cancelling_note": F.SEALED_NOTE,
}


def test_a_field_is_shown_to_those_who_read_its_kind_of_data() -> None:
    shown = {
        f"{view.__name__}.{name}": view.__dataclass_fields__[name].metadata["field_class"]
        for view, name in shown_fields()
    }

    assert shown == IN_WRITING
