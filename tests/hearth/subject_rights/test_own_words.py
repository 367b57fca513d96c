"""What goes to somebody by itself is his own word about himself, and never ours about him."""

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.data_records import SubjectKind
from hearth.data_register.registry import home_of, organisation_tables
from hearth.families.membership import NewMember, PersonDetails, leave
from hearth.families.vocabulary import LeavingReason, MemberRole
from hearth.incidents import people, searching
from hearth.incidents.models import Way
from hearth.incidents.searching import Criteria
from hearth.subject_rights import disclosure
from hearth.subject_rights.disclosure import REDACTED
from hearth.subject_rights.gathering import DELIBERATIONS, INTERNAL, Told
from hearth.subject_rights.services import take_step
from hearth.subject_rights.vocabulary import Asker, Decision, Step
from tests.factories.families import TODAY, child, mother, open_family, staff_id
from tests.factories.people import as_role
from tests.factories.rights import ask_about, open_incident

ABOUT_HIMSELF = "he told us who he is, or showed it on paper"
WAY_TO_HIM = "it is his own number"
HIS_REQUEST = "of requests only his own are told: when he asked, for what, and our answer to him"
HIS_ERASURE = "it says to him that he was erased, as the certificate does"
OWN_WORDS = {
    ("people", "given_name"): ABOUT_HIMSELF,
    ("people", "family_name"): ABOUT_HIMSELF,
    ("people", "patronymic"): ABOUT_HIMSELF,
    ("people", "born_on"): ABOUT_HIMSELF,
    ("people", "birth_precision"): ABOUT_HIMSELF,
    ("people", "sex"): ABOUT_HIMSELF,
    ("people", "preferred_language"): ABOUT_HIMSELF,
    ("people", "phone"): WAY_TO_HIM,
    ("subject_requests", "kind"): HIS_REQUEST,
    ("subject_requests", "subject_kind"): HIS_REQUEST,
    ("subject_requests", "asked_by"): HIS_REQUEST,
    ("subject_requests", "received_on"): HIS_REQUEST,
    ("subject_requests", "due_on"): HIS_REQUEST,
    ("subject_requests", "outcome"): HIS_REQUEST,
    ("erasures", "subject_kind"): HIS_ERASURE,
    ("erasures", "kind"): HIS_ERASURE,
    ("erasures", "last_key_backup_ends_on"): HIS_ERASURE,
}


@pytest.fixture
def partner(session: Session) -> NewMember:
    """Somebody whom we think it unsafe to call, and who may be whom the family fled from."""
    details = PersonDetails(given_name="Viktor", phone="+7 1", safe_to_call=False)
    return NewMember(person=details, role=MemberRole.PARTNER)


def handed_to(session: Session, partner: NewMember, *, decision: Decision) -> list[Told]:
    """What he is told, once he left: an incident concerned him, and the police asked about him."""
    by = staff_id(session, Role.PRIVACY_OFFICER)
    family = open_family(session, members=[mother(), child(), partner])
    him = next(one for one in family.current_members if one.role is MemberRole.PARTNER)
    asked = ask_about(session, him.person_id, asked_by=Asker.AUTHORITY, asker_name="The police")
    take_step(session, asked, Step.ANSWERED, by=by, note="Told the police")
    leave(session, him, left_on=TODAY, reason=LeavingReason.MOVED_OUT, recorded_by=by, today=TODAY)
    officer, incident = as_role(session, Role.PRIVACY_OFFICER), open_incident(session)
    searching.freeze(session, incident, Criteria(), by=by)
    one = people.one_concerned(session, incident, him.person_id, user=officer)
    assert one is not None
    people.tell(session, incident, one, way=Way.NOT_TOLD, note="He beats her", by=by)
    request = ask_about(session, him.person_id)
    disclosure.prepare(session, request, by=by)
    for read in disclosure.queue(session, request):
        disclosure.decide(session, request, read.entry, decision=decision, by=by)
    return disclosure.hand_out(session, request, by=by)


def test_what_goes_by_itself_from_a_table_of_no_familys_is_somebodys_own_word() -> None:
    told = {
        (table.name, field.name)
        for table in organisation_tables()
        if table.paths(SubjectKind.PERSON)
        and home_of(table) is None
        and table.name not in DELIBERATIONS
        for field in table.fields
        if field.data_class not in INTERNAL and not table.may_tell_of_others(field)
    }

    unsaid = told - OWN_WORDS.keys()
    gone = OWN_WORDS.keys() - told

    assert unsaid == set()
    assert gone == set()


def test_nobody_is_told_what_an_incidents_desk_decided_about_him(
    session: Session, partner: NewMember
) -> None:
    told = handed_to(session, partner, decision=Decision.RELEASE)

    tables = {one.table.name for one in told}
    assert tables.isdisjoint({"incident_people", "incident_person_notices"})
    assert "He beats her" not in str([one.values for one in told])


def test_nobody_is_told_who_else_asked_about_him(session: Session, partner: NewMember) -> None:
    told = handed_to(session, partner, decision=Decision.RELEASE)

    requests = [one for one in told if one.table.name == "subject_requests"]
    asked_by = [v for one in requests for f, v in one.values.items() if f.name == "asked_by"]
    assert asked_by == [Asker.SELF]
    assert "The police" not in str([one.values for one in requests])


def test_our_judgement_that_is_kept_back_leaves_no_mark(
    session: Session, partner: NewMember
) -> None:
    told = handed_to(session, partner, decision=Decision.REDACT)

    values = {field.name: value for one in told for field, value in one.values.items()}
    [him] = [one for one in told if one.table.name == "people"]
    assert values["given_name"] == "Viktor"
    assert "safe_to_call" not in {field.name for field in him.values}
    assert REDACTED not in him.values.values()


def test_whether_calling_is_safe_is_told_by_a_humans_word(
    session: Session, partner: NewMember
) -> None:
    told = handed_to(session, partner, decision=Decision.RELEASE)

    [him] = [one for one in told if one.table.name == "people"]
    assert False in [value for field, value in him.values.items() if field.name == "safe_to_call"]
