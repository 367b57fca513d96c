"""A letter that waited is for whoever may still read it when it leaves."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.outbox.mail import TEMPLATES, Mail
from hearth.web.request import HearthFlask
from tests.factories.break_glass import make_look
from tests.factories.families import open_family, staff_id
from tests.factories.people import colleague
from tests.factories.rights import open_incident

HAS_NO_OFFICE = Role.VOLUNTEER_COORDINATOR
# Each letter to a colleague, and who reads it; a letter to herself has no office, nor has one to
# those who are told by name.
OF_AN_OFFICE = {
    "account.colleague-second-factor-anew": Role.ADMINISTRATOR,
    "break_glass_notice": Role.SUPERVISOR,
    "break_glass_reminder": Role.SUPERVISOR,
    "break_glass_told": Role.SOCIAL_WORKER,
    "break_glass_unreviewed": Role.ADMINISTRATOR,
    "case_access.name_a_keeper": Role.PRIVACY_OFFICER,
    "case_access.no_keeper": Role.DIRECTOR,
    "families.nobody_accompanies": Role.SUPERVISOR,
    "families.telephone_changed": Role.SOCIAL_WORKER,
    "incident_reminder": Role.DIRECTOR,
    "retention_notice": Role.PRIVACY_OFFICER,
}
TO_HERSELF = dict.fromkeys(
    (
        "account.password-changed",
        "account.recovery-code-used",
        "account.second-factor-changed",
    ),
    Role.SOCIAL_WORKER,
) | {"account.colleague-entrusted": Role.DIRECTOR}
# These find their reader by a link of her own, or write to a donor or to the drawer.
OTHERS = frozenset(
    {
        "account.invitation",
        "account.reset",
        "account.enrolment",
        "audit_anchor",
        "giving.instruction",
        "giving.thank_you",
    }
)


@pytest.fixture
def told(session: Session) -> dict[str, Any]:
    """What all these letters tell of."""
    incident, look = open_incident(session), make_look(session, open_family(session))
    return {
        "incident": str(incident.id),
        "clock": "authority_first",
        "look": str(look.id),
        "number": 2,
        "count": 2,
        "account": str(staff_id(session, Role.SPECIALIST)),
        "by": str(staff_id(session, Role.ADMINISTRATOR)),
    }


def letter(
    app: HearthFlask, session: Session, template: str, user: User, told: dict[str, Any]
) -> Mail | None:
    session.flush()
    session.expire_all()
    with app.app_context():
        return TEMPLATES[template](session, {"template": template, "user": str(user.id), **told})


def test_every_letter_is_asked_here_who_reads_it(app: HearthFlask) -> None:
    assert set(TEMPLATES) == OF_AN_OFFICE.keys() | TO_HERSELF.keys() | OTHERS


@pytest.mark.parametrize(("template", "role"), [*OF_AN_OFFICE.items(), *TO_HERSELF.items()])
def test_who_has_left_is_written_nothing(
    app: HearthFlask, session: Session, told: dict[str, Any], template: str, role: Role
) -> None:
    user = colleague(session, role)
    here = letter(app, session, template, user, told)
    user.disabled_at = datetime.now(UTC)

    gone = letter(app, session, template, user, told)

    assert here is not None
    assert here.to == user.email
    assert gone is None


@pytest.mark.parametrize("template", OF_AN_OFFICE)
def test_a_letter_to_an_office_is_not_for_whoever_held_it(
    app: HearthFlask, session: Session, told: dict[str, Any], template: str
) -> None:
    user = colleague(session, HAS_NO_OFFICE)

    mail = letter(app, session, template, user, told)

    assert mail is None
