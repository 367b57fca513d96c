"""What was closed after a backup stays closed when it comes back, and nothing opens by it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth import cli
from hearth.accounts import api_tokens, sessions
from hearth.accounts.access_models import AccountEvent, AccountLink, ApiToken
from hearth.accounts.events import Happened, note
from hearth.accounts.factor_models import AuthenticatorApp, RecoveryCode
from hearth.accounts.links import LinkKind, is_waiting, make_link
from hearth.accounts.models import User, UserSession
from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy_models import RoleAssignment, RoleRule, TeamMember
from hearth.consents.models import Consent
from hearth.families.access import is_visible
from hearth.families.access_models import CaseGrant, HouseholdRestriction
from hearth.families.models import Household, HouseholdMember, KeyWorker, Person
from hearth.families.services import close_case
from hearth.families.vocabulary import ClosingReason, LeavingReason
from hearth.intake import services as intake
from hearth.intake.models import Referral
from hearth.intake.seen import find_referral
from hearth.intake.vocabulary import ReferralState
from hearth.safekeeping.narrowing import narrower_of
from hearth.service_delivery.models import NoteGrant, ServiceDelivery
from hearth.service_delivery.services import correct_service
from hearth.staff.leaving import end_memberships
from hearth.subject_rights.models import LegalHold, SubjectRequest
from hearth.subject_rights.services import NotCheckedError, refuse_unchecked, take_step
from hearth.subject_rights.vocabulary import Step
from tenants import backups, provisioning, restoring
from tenants.context import tenant_session
from tenants.roles import OrganisationError
from tests.factories.families import TODAY, mother, open_family, staff_id
from tests.factories.intake import take_referral
from tests.factories.people import as_user, colleague, grant, member_of_staff, restriction, team
from tests.factories.rights import give_consent, hold, take_request
from tests.factories.service_delivery import details, record_service
from tests.hearth.safekeeping.conftest import House, bring_back

Ids = dict[str, UUID]


@pytest.fixture(autouse=True)
def as_the_commands_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line as it stands lets every restore keep closed what was."""
    for name, module in (("ERASERS", "forgetting"), ("CLOSERS", "closing")):
        monkeypatch.setattr(restoring, name, [])
        there = f"hearth.safekeeping.{module}.{name}"
        monkeypatch.setattr(there, getattr(restoring, name))
    cli.parser()


@dataclass
class Since:
    """An organisation of which a backup was made, and what was done in it since."""

    house: House
    slug: str
    folder: Path
    ids: Ids

    def change(self, what: Callable[[Session, Ids], None]) -> None:
        with tenant_session(self.house.organisation(self.slug)) as session:
            what(session, self.ids)

    def restore(self, **more: str) -> None:
        bring_back(self.house, self.slug, self.folder, **more)

    def back_up_anew(self) -> None:
        house = self.house
        made = backups.back_up(house.home, house.settings, house.keys, self.slug)
        self.folder = made.folder

    def sees(self, colleague: str, family: str) -> bool:
        with tenant_session(self.house.organisation(self.slug)) as session:
            user = as_user(session, self.ids[colleague])
            read = Permission.FAMILIES_READ
            return is_visible(session, self.ids[family], user=user, permission=read)

    def get(self, model: type[Any], name: str) -> Any:
        with tenant_session(self.house.organisation(self.slug)) as session:
            found = session.get_one(model, self.ids[name])
            session.expunge(found)
            return found

    def rows(self, model: type[Any], *conditions: Any) -> list[Any]:
        with tenant_session(self.house.organisation(self.slug)) as session:
            found = list(session.scalars(select(model).where(*conditions)).unique())
            session.expunge_all()
            return found


@pytest.fixture
def since(house: House, passing: str) -> Since:
    with tenant_session(house.organisation(passing)) as session:
        ids = _what_the_backup_knows(session)
    made = backups.back_up(house.home, house.settings, house.keys, passing)
    return Since(house, passing, made.folder, ids)


def _what_the_backup_knows(session: Session) -> Ids:
    roles = (Role.ADMINISTRATOR, Role.DIRECTOR, Role.PRIVACY_OFFICER)
    administrator, director, _officer = (member_of_staff(session, role) for role in roles)
    vera = colleague(session, Role.SUPERVISOR, Role.BOOKKEEPER, name="Vera")
    family = open_family(session, members=[mother(safe_to_call=True, phone="+7 1")])
    note = record_service(session, family, note="She wept.")
    reader = NoteGrant(service_id=note.id, user_id=vera.id)
    app = AuthenticatorApp(user_id=vera.id, secret_sealed=b"stolen")
    code = RecoveryCode(user_id=vera.id, code_hash=b"on paper")
    key = ApiToken(
        user_id=vera.id,
        name="figures",
        token_hash=b"k",
        scopes=[],
        expires_at=datetime.now(UTC) + timedelta(days=30),
    )
    role = RoleAssignment(user_id=vera.id, role=Role.BOOKKEEPER.value)
    session.add_all([reader, app, code, key, role])
    session.flush()
    link = make_link(session, kind=LinkKind.RESET, user_id=director.id)
    sessions.start_session(session, user_id=director.id, host="x")
    consent = give_consent(session, family)
    return {
        "administrator": administrator.id,
        "director": director.id,
        "vera": vera.id,
        "family": family.id,
        "mother": family.current_members[0].person_id,
        "member": family.current_members[0].id,
        "keeper": family.key_workers[0].id,
        "note": note.id,
        "reader": reader.id,
        "key": key.id,
        "role": role.id,
        "link": link.id,
        "consent": consent.id,
        "grant": grant(session, family, vera.id).id,
        "teammate": team(session, vera.id).members[0].id,
    }


def _newcomer(session: Session) -> User:
    """A colleague who came after the backup."""
    return colleague(session, Role.DIRECTOR, name="Newcomer")


def test_an_account_that_was_closed_does_not_open_again(since: Since) -> None:
    def leave(session: Session, ids: Ids) -> None:
        vera = session.get_one(User, ids["vera"])
        vera.disabled_at, vera.password_hash, vera.roles = datetime.now(UTC), None, ["supervisor"]
        session.get_one(RoleAssignment, ids["role"]).until_at = datetime.now(UTC)
        api_tokens.revoke_all(session, user_id=vera.id)

    since.change(leave)

    since.restore()

    vera = since.get(User, "vera")
    assert vera.disabled_at is not None
    assert (vera.password_hash, vera.roles) == (None, ["supervisor", "supervisor"])
    assert since.get(RoleAssignment, "role").until_at is not None
    assert since.get(ApiToken, "key").revoked_at is not None


def test_the_proofs_of_today_count_and_nothing_from_before_a_theft(since: Since) -> None:
    def begin_anew(session: Session, ids: Ids) -> None:
        vera = session.get_one(User, ids["vera"])
        vera.password_hash = "chosen anew"
        session.scalars(select(AuthenticatorApp)).one().removed_at = datetime.now(UTC)
        session.scalars(select(RecoveryCode)).one().used_at = datetime.now(UTC)
        session.add(AuthenticatorApp(user_id=vera.id, secret_sealed=b"of today"))

    since.change(begin_anew)

    since.restore()

    apps = {one.secret_sealed: one.removed_at is None for one in since.rows(AuthenticatorApp)}
    assert since.get(User, "vera").password_hash == "chosen anew"
    assert apps == {b"stolen": False, b"of today": True}
    assert [one.used_at is None for one in since.rows(RecoveryCode)] == [False]


def test_every_session_and_every_link_ends(since: Since) -> None:
    since.restore()

    assert [one.ended_at is None for one in since.rows(UserSession)] == [False]
    assert not is_waiting(since.get(AccountLink, "link"))


def test_doors_that_ended_stay_so_whoever_ended_them(since: Since) -> None:
    def end(session: Session, ids: Ids) -> None:
        now, newcomer = datetime.now(UTC), _newcomer(session)
        revoked = session.get_one(CaseGrant, ids["grant"])
        revoked.revoked_at, revoked.revoked_by = now, newcomer.id
        member = session.get_one(TeamMember, ids["teammate"])
        member.until_at, member.ended_by = now, newcomer.id
        session.get_one(KeyWorker, ids["keeper"]).until_on = TODAY
        session.get_one(NoteGrant, ids["reader"]).until_at = now

    since.change(end)

    since.restore()

    revoked, member = since.get(CaseGrant, "grant"), since.get(TeamMember, "teammate")
    (newcomer,) = since.rows(User, User.name == "Newcomer")
    assert revoked.revoked_by == member.ended_by == newcomer.id
    assert None not in {revoked.revoked_at, member.until_at}
    assert since.get(KeyWorker, "keeper").until_on == TODAY
    assert since.get(NoteGrant, "reader").until_at is not None
    # Who ended them is known by name again, and can do nothing.
    assert newcomer.disabled_at is not None
    assert (newcomer.roles, newcomer.password_hash) == ([], None)


def test_a_family_stays_as_closed_as_it_was(since: Since) -> None:
    def close(session: Session, ids: Ids) -> None:
        family = session.get_one(Household, ids["family"])
        restriction(session, family).set_by = _newcomer(session).id
        hold(session, family)
        consent = session.get_one(Consent, ids["consent"])
        consent.withdrawn_at, consent.withdrawn_by = datetime.now(UTC), ids["director"]
        session.get_one(ServiceDelivery, ids["note"]).sealed = True
        session.get_one(Person, ids["mother"]).safe_to_call = False

    since.change(close)

    since.restore()

    assert [one.household_id for one in since.rows(HouseholdRestriction)] == [since.ids["family"]]
    assert [one.subject_id for one in since.rows(LegalHold)] == [since.ids["family"]]
    assert since.get(Consent, "consent").withdrawn_by == since.ids["director"]
    assert since.get(ServiceDelivery, "note").sealed
    assert since.get(Person, "mother").safe_to_call is False


@pytest.mark.parametrize("was_closed", [False, True])
def test_a_call_that_became_a_hidden_familys_is_read_by_nobody_else_again(
    since: Since, *, was_closed: bool
) -> None:
    def take_down(session: Session, ids: Ids) -> None:
        family = session.get_one(Household, ids["family"])
        restriction(session, family)
        if was_closed:
            reason = ClosingReason.GOALS_MET
            by = ids["director"]
            close_case(
                session,
                family,
                closed_on=TODAY,
                reason=reason,
                note=None,
                closed_by=by,
                today=TODAY,
            )
        ids["call"] = take_referral(session, ids["director"], mother_name="Kanarka").id

    def accept(session: Session, ids: Ids) -> None:
        family = session.get_one(Household, ids["family"])
        call, by = session.get_one(Referral, ids["call"]), _newcomer(session).id
        intake.accept_for_known_family(session, call, family, decided_by=by, today=TODAY)

    since.change(take_down)
    since.back_up_anew()
    since.change(accept)

    since.restore()

    with tenant_session(since.house.organisation(since.slug)) as session:
        user = as_user(session, since.ids["director"])
        found = find_referral(
            session, since.ids["call"], user=user, permission=Permission.REFERRALS_READ
        )
    assert found is None
    assert since.get(Referral, "call").state is ReferralState.ACCEPTED


def test_a_file_is_not_handed_out_after_all_to_whom_it_was_refused(since: Since) -> None:
    def ask(session: Session, ids: Ids) -> None:
        ids["request"] = take_request(session, session.get_one(Household, ids["family"])).id

    def doubt(session: Session, ids: Ids) -> None:
        request, by = session.get_one(SubjectRequest, ids["request"]), _newcomer(session).id
        take_step(session, request, Step.IDENTITY_DOUBTFUL, by=by, note="It was the man")
        take_step(session, request, Step.IDENTITY_CONFIRMED, by=by)

    since.change(ask)
    since.back_up_anew()
    since.change(doubt)

    since.restore()

    with (
        tenant_session(since.house.organisation(since.slug)) as session,
        pytest.raises(NotCheckedError),
    ):
        refuse_unchecked(session.get_one(SubjectRequest, since.ids["request"]))


def test_nobody_is_called_at_a_number_that_was_changed(since: Since) -> None:
    def correct(session: Session, ids: Ids) -> None:
        session.get_one(Person, ids["mother"]).phone = "+7 2"

    since.change(correct)

    since.restore()

    assert since.get(Person, "mother").safe_to_call is None


def test_what_ended_in_a_correction_ends_in_what_was_corrected(since: Since) -> None:
    def correct(session: Session, ids: Ids) -> None:
        note = session.get_one(ServiceDelivery, ids["note"])
        family = session.get_one(Household, ids["family"])
        corrected = correct_service(
            session, note, details(family, minutes=5), recorded_by=note.provided_by, today=TODAY
        )
        corrected.cancelled_at, corrected.cancelled_by = datetime.now(UTC), ids["director"]
        before = session.get_one(HouseholdMember, ids["member"])
        before.superseded_at = datetime.now(UTC)
        session.flush()
        session.add(
            HouseholdMember(
                household_id=before.household_id,
                person_id=before.person_id,
                role=before.role,
                # She had come, and left, before the day that stands in the backup.
                joined_on=before.joined_on - timedelta(days=9),
                left_on=before.joined_on - timedelta(days=2),
                leaving_reason=LeavingReason.MOVED_OUT,
                left_recorded_by=ids["director"],
                recorded_by=ids["director"],
                supersedes_id=before.id,
            )
        )

    since.change(correct)

    since.restore()

    note, member = since.get(ServiceDelivery, "note"), since.get(HouseholdMember, "member")
    assert (note.superseded_at, note.cancelled_by) == (None, since.ids["director"])
    assert member.left_on == member.joined_on
    assert member.leaving_reason is LeavingReason.MOVED_OUT


@pytest.mark.parametrize("kind", [Happened.OPENED, Happened.ROLES_CHANGED])
def test_what_somebody_served_before_she_was_here_anew_stays_closed(
    since: Since, kind: Happened
) -> None:
    def serve(session: Session, ids: Ids) -> None:
        ids["helper"] = colleague(session, Role.SOCIAL_WORKER, name="Helper").id
        served = open_family(session, key_worker_id=ids["helper"])
        record_service(session, served, provided_by=ids["helper"])
        ids["served"] = served.id

    def close_and_open_anew(session: Session, ids: Ids) -> None:
        for one in (Happened.CLOSED, Happened.OPENED):
            note(session, one, ids["helper"], actor_id=_newcomer(session).id)

    def hand_over(session: Session, ids: Ids) -> None:
        end_memberships(session, ids["helper"], ended_by=ids["administrator"])

    def change_roles(session: Session, ids: Ids) -> None:
        note(session, Happened.ROLES_CHANGED, ids["helper"], actor_id=_newcomer(session).id)

    anew = {Happened.OPENED: close_and_open_anew, Happened.ROLES_CHANGED: change_roles}[kind]
    since.change(serve)
    since.back_up_anew()
    before = since.sees("helper", "served")
    since.change(hand_over)
    since.change(anew)

    since.restore()

    brought = since.rows(AccountEvent, AccountEvent.user_id == since.ids["helper"])
    assert before
    assert not since.sees("helper", "served")
    assert [one.kind for one in brought] == [kind]


def test_a_password_from_a_letter_and_a_further_letter_stay_a_day_apart(since: Since) -> None:
    def reset(session: Session, ids: Ids) -> None:
        note(session, Happened.PASSWORD_RESET, ids["vera"])
        note(session, Happened.PASSWORD_RESET, _newcomer(session).id)

    since.change(reset)

    since.restore()

    brought = since.rows(AccountEvent, AccountEvent.kind == Happened.PASSWORD_RESET)
    assert [one.user_id for one in brought] == [since.ids["vera"]]
    assert since.rows(User, User.name == "Newcomer") == []


def test_nothing_that_was_opened_since_opens(since: Since) -> None:
    def open_doors(session: Session, ids: Ids) -> None:
        family = session.get_one(Household, ids["family"])
        grant(session, family, staff_id(session))
        session.get_one(User, ids["vera"]).roles = ["supervisor", "director"]
        session.get_one(Person, ids["mother"]).safe_to_call = True
        lifted = session.scalars(select(HouseholdRestriction)).one()
        lifted.until_at, lifted.lifted_by = datetime.now(UTC), ids["director"]
        session.get_one(User, ids["director"]).disabled_at = None

    def close_before(session: Session, ids: Ids) -> None:
        restriction(session, session.get_one(Household, ids["family"]))
        session.get_one(Person, ids["mother"]).safe_to_call = False
        session.get_one(User, ids["director"]).disabled_at = datetime.now(UTC)

    since.change(close_before)
    since.back_up_anew()
    since.change(open_doors)

    since.restore()

    assert [one.id for one in since.rows(CaseGrant)] == [since.ids["grant"]]
    assert since.get(User, "vera").roles == ["supervisor", "supervisor"]
    assert since.get(Person, "mother").safe_to_call is False
    assert [one.until_at for one in since.rows(HouseholdRestriction)] == [None]
    assert since.get(User, "director").disabled_at is not None


@pytest.mark.parametrize(
    ("then", "today", "stays"),
    [
        ("team", "own", "own"),
        ("own", "team", "own"),
        ("own", "own", "own"),
        ("team", "withheld", "withheld"),
        ("withheld", "organisation", "withheld"),
        ("team", "house", "withheld"),
    ],
)
def test_of_two_rules_the_one_counts_that_leaves_less(then: str, today: str, stays: str) -> None:
    assert narrower_of(then, today) == stays


def test_a_role_is_as_narrow_as_it_was_and_never_wider(since: Since) -> None:
    def rule(item: str, value: str, by: UUID) -> RoleRule:
        return RoleRule(role="director", item=item, rule=value, set_by=by)

    def narrow(session: Session, ids: Ids) -> None:
        by = ids["administrator"]
        session.add_all([rule("families.read", "team", by), rule("referrals.read", "own", by)])

    def narrow_anew(session: Session, ids: Ids) -> None:
        by = _newcomer(session).id
        for row in session.scalars(select(RoleRule)).all():
            row.until_at, row.ended_by = datetime.now(UTC), by
        session.flush()
        kept = [("families.read", "own"), ("referrals.read", "team"), ("field:health", "withheld")]
        session.add_all(rule(item, value, by) for item, value in kept)

    since.change(narrow)
    since.back_up_anew()
    since.change(narrow_anew)

    since.restore()

    standing = since.rows(RoleRule, RoleRule.until_at.is_(None))
    assert {one.item: one.rule for one in standing} == {
        "families.read": "own",
        "referrals.read": "own",
        "field:health": "withheld",
    }


def test_the_command_says_how_much_stays_closed_and_names_nobody(
    since: Since, capsys: pytest.CaptureFixture[str]
) -> None:
    def close(session: Session, ids: Ids) -> None:
        session.get_one(User, ids["vera"]).disabled_at = datetime.now(UTC)
        restriction(session, session.get_one(Household, ids["family"]))

    since.change(close)

    since.restore()

    said = capsys.readouterr().out
    assert "stays closed: 1 accounts closed" in said
    assert "stays closed: 1 restrictions that stand" in said
    assert "stays closed: 1 sessions ended" in said
    assert "Vera" not in said


def test_an_account_of_which_the_present_rows_know_nothing_is_closed(since: Since) -> None:
    def add(session: Session, ids: Ids) -> None:
        ids["unknown"] = _newcomer(session).id

    before = since.folder
    since.change(add)
    after = backups.back_up(
        since.house.home, since.house.settings, since.house.keys, since.slug
    ).folder
    since.folder = before
    since.restore()
    since.folder = after

    since.restore()

    assert since.get(User, "unknown").disabled_at is not None
    assert since.get(User, "vera").disabled_at is None


def test_with_lost_rows_one_administrator_is_named_and_nobody_else_comes_in(
    since: Since, capsys: pytest.CaptureFixture[str]
) -> None:
    address, other = since.get(User, "administrator").email, since.get(User, "director").email
    schema = since.house.organisation(since.slug).schema_name
    since.house.home.execute(f"DROP SCHEMA {schema} CASCADE")

    with pytest.raises(OrganisationError, match="--administrator"):
        since.restore()
    provisioning.set_state(since.house.home, since.slug, before="suspended", after="active")
    with pytest.raises(OrganisationError, match="no administrator"):
        since.restore(administrator=other)
    provisioning.set_state(since.house.home, since.slug, before="suspended", after="active")
    since.restore(administrator=address.upper())

    assert [one.email for one in since.rows(User, User.disabled_at.is_(None))] == [address]
    assert since.rows(ApiToken, ApiToken.revoked_at.is_(None)) == []
    assert since.rows(UserSession, UserSession.ended_at.is_(None)) == []
    assert "the present rows are lost" in capsys.readouterr().out


def test_a_drill_touches_nothing_of_the_living(since: Since) -> None:
    def close(session: Session, ids: Ids) -> None:
        session.get_one(User, ids["vera"]).disabled_at = datetime.now(UTC)

    since.change(close)

    house = since.house
    with restoring.scratch(
        house.home, house.settings, house.keys, since.slug, since.folder
    ) as restored:
        pass

    assert restored.closed.counts["accounts closed"] == 1
    assert [one.ended_at for one in since.rows(UserSession)] == [None]
    assert since.get(CaseGrant, "grant").revoked_at is None
