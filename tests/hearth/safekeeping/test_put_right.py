"""What was put right after a backup opens no more than today when that backup comes back."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.access_models import AccountEvent
from hearth.accounts.events import Happened
from hearth.accounts.permissions import Role
from hearth.families.membership import correct_membership, leave
from hearth.families.models import HouseholdMember
from hearth.families.vocabulary import LeavingReason, MemberRole
from hearth.retention import services as retention
from hearth.retention.models import Answer, RetentionNotice
from hearth.service_delivery.models import ServiceDelivery
from hearth.service_delivery.services import correct_service
from hearth.subject_rights.belonging import Home, homes
from tenants.context import tenant_session
from tests.factories.families import TODAY, child, mother, open_family
from tests.factories.people import colleague
from tests.factories.service_delivery import details, record_service
from tests.hearth.safekeeping.test_closing import Ids, Since, as_the_commands_do, since

__all__ = ["as_the_commands_do", "since"]
LONG_AGO = TODAY - timedelta(days=200)


def _ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def _serve(session: Session, ids: Ids) -> None:
    """A specialist did something lately for a family that is not hers."""
    ids["worker"] = colleague(session, Role.SOCIAL_WORKER, name="Wanda").id
    ids["xenia"] = colleague(session, Role.SPECIALIST, name="Xenia").id
    served = open_family(session, key_worker_id=ids["worker"], opened_on=_ago(400))
    entry = record_service(session, served, provided_by=ids["xenia"], delivered_on=_ago(2))
    ids["served"], ids["entry"] = served.id, entry.id


def _put_day_right(session: Session, ids: Ids, *days: date) -> None:
    entry = session.get_one(ServiceDelivery, ids["entry"])
    for day in days:
        right = details(entry.household, delivered_on=day)
        entry = correct_service(session, entry, right, recorded_by=ids["worker"], today=TODAY)


def _take_down(session: Session, ids: Ids) -> None:
    """A man is written down as the one who cares for two children."""
    man = replace(mother(given_name="Man"), role=MemberRole.CARER)
    family = open_family(session, members=[man, child(given_name="A"), child(given_name="B")])
    carer, young, other = family.current_members
    ids["man"], ids["carer"] = carer.person_id, carer.id
    ids["young"], ids["other"] = young.id, other.id


def _put_right(session: Session, ids: Ids, which: str, **right: Any) -> None:
    member = session.get_one(HouseholdMember, ids[which])
    before: dict[str, Any] = {
        "role": member.role,
        "joined_on": member.joined_on,
        "left_on": member.left_on,
        "leaving_reason": member.leaving_reason,
    }
    by = ids["director"]
    after = correct_membership(session, member, **before | right, recorded_by=by, today=TODAY)
    ids[f"{which} today"] = after.id


def _home(since: Since) -> list[Home]:
    with tenant_session(since.house.organisation(since.slug)) as session:
        return homes(session, since.ids["man"], himself=True)


@pytest.fixture
def served(since: Since) -> Since:
    since.change(_serve)
    since.back_up_anew()
    return since


@pytest.fixture
def family(since: Since) -> Since:
    since.change(_take_down)
    since.back_up_anew()
    return since


@pytest.mark.parametrize("days", [(LONG_AGO,), (LONG_AGO, TODAY)])
def test_a_file_opens_no_longer_by_a_day_that_was_put_right(
    served: Since, days: tuple[date, ...]
) -> None:
    before = served.sees("xenia", "served")
    served.change(lambda session, ids: _put_day_right(session, ids, *days))

    served.restore()

    entry = served.get(ServiceDelivery, "entry")
    assert before
    assert not served.sees("xenia", "served")
    assert (entry.delivered_on, entry.opens_from) == (_ago(2), LONG_AGO)


def test_a_day_that_was_corrected_in_the_backup_already_moves_back_further(served: Since) -> None:
    served.change(lambda session, ids: _put_day_right(session, ids, _ago(9)))
    served.back_up_anew()
    before = served.sees("xenia", "served")

    def correct_anew(session: Session, ids: Ids) -> None:
        (last,) = session.query(ServiceDelivery).filter_by(supersedes_id=ids["entry"])
        ids["entry"] = last.id
        _put_day_right(session, ids, LONG_AGO)

    served.change(correct_anew)

    served.restore()

    assert before
    assert not served.sees("xenia", "served")


def test_a_day_that_was_put_later_opens_no_longer_than_it_did(served: Since) -> None:
    served.change(lambda session, ids: _put_day_right(session, ids, TODAY))

    served.restore()

    assert served.get(ServiceDelivery, "entry").opens_from is None
    assert served.sees("xenia", "served")


def test_a_day_that_lies_before_an_account_was_opened_anew_opens_nothing(since: Since) -> None:
    def open_anew_and_serve(session: Session, ids: Ids) -> None:
        _serve(session, ids)
        # It was opened anew before what she served.
        earlier = datetime.now(UTC) - timedelta(days=9)
        opened = AccountEvent(user_id=ids["xenia"], kind=Happened.OPENED, happened_at=earlier)
        session.add(opened)

    since.change(open_anew_and_serve)
    since.back_up_anew()
    before = since.sees("xenia", "served")
    since.change(lambda session, ids: _put_day_right(session, ids, _ago(40)))
    today = since.sees("xenia", "served")

    since.restore()

    assert (before, today) == (True, False)
    assert not since.sees("xenia", "served")


def test_a_familys_file_is_not_his_again_who_does_not_lead_it(family: Since) -> None:
    before = [one.leads for one in _home(family)]
    family.change(lambda session, ids: _put_right(session, ids, "carer", role=MemberRole.PARTNER))

    family.restore()

    assert before == [True]
    assert [one.leads for one in _home(family)] == [False]
    assert family.get(HouseholdMember, "carer").role is MemberRole.PARTNER


def test_nobody_leads_a_family_by_a_restore(family: Since) -> None:
    family.change(lambda session, ids: _put_right(session, ids, "carer", role=MemberRole.PARTNER))
    family.ids["carer"] = family.ids["carer today"]
    family.back_up_anew()
    family.change(lambda session, ids: _put_right(session, ids, "carer", role=MemberRole.CARER))

    family.restore()

    assert family.get(HouseholdMember, "carer").role is MemberRole.PARTNER


def test_what_tells_of_another_adult_is_kept_back_who_was_taken_for_a_child(family: Since) -> None:
    family.change(lambda session, ids: _put_right(session, ids, "young", role=MemberRole.OTHER))
    family.change(lambda session, ids: _put_right(session, ids, "other", role=MemberRole.MOTHER))

    family.restore()

    young, other = (family.get(HouseholdMember, one) for one in ("young", "other"))
    (home,) = _home(family)
    assert (young.role, other.role) == (MemberRole.OTHER, MemberRole.CHILD)
    assert home.other_adults == {young.person_id}


def test_a_leaving_whose_day_was_put_earlier_is_as_early(family: Since) -> None:
    def go(session: Session, ids: Ids) -> None:
        _put_right(session, ids, "carer", joined_on=_ago(90))
        ids["carer"] = ids["carer today"]
        member = session.get_one(HouseholdMember, ids["carer"])
        reason, by = LeavingReason.MOVED_OUT, ids["director"]
        leave(session, member, left_on=_ago(3), reason=reason, recorded_by=by, today=TODAY)

    family.change(go)
    family.back_up_anew()
    family.change(lambda session, ids: _put_right(session, ids, "carer", left_on=_ago(60)))

    family.restore()

    assert [one.times for one in _home(family)] == [((_ago(90), _ago(60)),)]


def test_whoever_left_and_was_added_by_mistake_has_no_family_again(family: Since) -> None:
    def go(session: Session, ids: Ids) -> None:
        member = session.get_one(HouseholdMember, ids["carer"])
        reason, by = LeavingReason.MOVED_OUT, ids["director"]
        leave(session, member, left_on=TODAY, reason=reason, recorded_by=by, today=TODAY)

    mistake = LeavingReason.ADDED_BY_MISTAKE
    family.change(go)
    family.back_up_anew()
    family.change(lambda session, ids: _put_right(session, ids, "carer", leaving_reason=mistake))

    family.restore()

    assert _home(family) == []


@pytest.mark.parametrize("left_on", [None, _ago(20)])
def test_somebody_comes_to_a_family_no_earlier_than_today(
    family: Since, left_on: date | None
) -> None:
    def come(session: Session, ids: Ids) -> None:
        reason = LeavingReason.MOVED_OUT if left_on else None
        _put_right(
            session, ids, "carer", joined_on=_ago(90), left_on=left_on, leaving_reason=reason
        )
        ids["carer"] = ids["carer today"]

    family.change(come)
    family.back_up_anew()
    family.change(
        lambda session, ids: _put_right(
            session, ids, "carer", joined_on=_ago(9), left_on=None, leaving_reason=None
        )
    )

    family.restore()

    assert [one.times for one in _home(family)] == [((left_on or _ago(9), left_on),)]


def test_data_that_two_people_let_go_are_kept_where_they_are_kept_today(since: Since) -> None:
    def say(session: Session, ids: Ids, answer: Answer, by: str) -> None:
        until = TODAY + timedelta(days=90) if answer is Answer.KEEP else None
        notice = session.get_one(RetentionNotice, ids["notice"])
        retention.answer(
            session, notice, answer=answer, keep_until=until, reason="A court asks", by=ids[by]
        )

    def let_go(session: Session, ids: Ids) -> None:
        notice = RetentionNotice(
            data_group="family_files",
            subject_kind="household",
            subject_id=ids["family"],
            due_on=TODAY + timedelta(days=20),
            noticed_on=TODAY,
            ends_on=TODAY + timedelta(days=30),
        )
        session.add(notice)
        session.flush()
        ids["notice"] = notice.id
        say(session, ids, Answer.LET_GO, "director")
        say(session, ids, Answer.LET_GO, "administrator")

    since.change(let_go)
    since.back_up_anew()
    since.change(lambda session, ids: say(session, ids, Answer.KEEP, "director"))

    since.restore()

    notice = since.get(RetentionNotice, "notice")
    assert (notice.answer, notice.answered_by) == (Answer.KEEP, since.ids["director"])
    assert (notice.approved_at, notice.approved_by) == (None, None)
