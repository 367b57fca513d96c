"""The kind of a service tells of health or a court's matter: who reads neither sees a service."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.accounts.policy_models import RoleRule
from hearth.accounts.redaction import classes_of
from hearth.data_classes import FieldClass
from hearth.families.models import Household
from hearth.service_delivery.sealed import SeenService
from hearth.service_delivery.vocabulary import ServiceKind
from tests.factories.families import open_family, staff_id
from tests.factories.service_delivery import record_service
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
KINDS = ("Medical help", "Legal help", "Session with a psychologist", "Home visit")


@pytest.fixture
def household(session: Session) -> Household:
    """A family for whom something of every telling kind was done, and a visit."""
    family = open_family(session, needs=[], primary_need=None)
    for kind in (
        ServiceKind.MEDICAL,
        ServiceKind.LEGAL,
        ServiceKind.PSYCHOLOGICAL,
        ServiceKind.HOME_VISIT,
    ):
        record_service(session, family, kind=kind)
    return family


def _withhold(session: Session, field: FieldClass) -> None:
    by = staff_id(session, Role.ADMINISTRATOR)
    session.add(RoleRule(role="social-worker", item=f"field:{field}", rule="withheld", set_by=by))
    session.flush()


@pytest.mark.parametrize("field", [FieldClass.HEALTH, FieldClass.LEGAL])
def test_whoever_lacks_one_of_the_classes_sees_no_kind_at_all(
    field: FieldClass, session: Session, household: Household, sign_in: SignIn
) -> None:
    worker, path = sign_in(Role.SOCIAL_WORKER), f"/families/{household.id}"
    before = worker.get(path).text

    _withhold(session, field)
    after = worker.get(path).text

    assert all(kind in before for kind in KINDS)
    assert not any(kind in after for kind in KINDS)
    assert after.count("A service") == len(KINDS)
    assert "/correct" not in after.partition('id="what-happened"')[2].partition("</section>")[0]


def test_what_stood_there_before_a_correction_tells_no_kind_either(
    session: Session, household: Household, sign_in: SignIn
) -> None:
    visit = record_service(session, household, kind=ServiceKind.MEDICAL)
    worker, path = sign_in(Role.SOCIAL_WORKER), f"/families/{household.id}/services/{visit.id}"
    _withhold(session, FieldClass.HEALTH)

    history, correction = worker.get(f"{path}/history"), worker.get(f"{path}/correct")

    assert "A service" in history.text
    assert "Medical help" not in history.text
    assert correction.status_code == 404


def test_the_view_says_of_what_class_a_kind_is() -> None:
    classes = classes_of(SeenService)

    assert classes["kind"] is FieldClass.HEALTH
