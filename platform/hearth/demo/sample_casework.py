"""Writes the families of the sample data: referrals, cases, places, stays and services."""

import datetime
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import insert

from hearth.demo.sample_plan import EpisodePlan, FamilyPlan, in_band, weighted
from hearth.demo.sample_stays import write_stays
from hearth.demo.sample_words import BODIES, SERVICE_NOTES, SITUATIONS
from hearth.demo.sample_work import Casework
from hearth.families import services as families
from hearth.families.models import Household
from hearth.families.vocabulary import MemberRole, Need
from hearth.intake import services as intake
from hearth.intake.models import Referral
from hearth.intake.vocabulary import Channel, DecisionReason, ReferralState, Source, Urgency
from hearth.service_delivery.models import ServiceDelivery, ServiceRecipient
from hearth.service_delivery.vocabulary import ServiceKind, ServiceMode
from tenants.models import new_id

_DAY: Final = datetime.timedelta(days=1)
_CHANNELS: Final = {
    Source.GUARDIANSHIP: Channel.LETTER,
    Source.HOSPITAL: Channel.PHONE,
    Source.POLICE: Channel.PHONE,
    Source.HELPLINE: Channel.PHONE,
    Source.SCHOOL: Channel.EMAIL,
    Source.NGO: Channel.EMAIL,
    Source.SOCIAL_MEDIA: Channel.MESSAGE,
}
_KINDS: Final = {
    Need.PSYCHOLOGICAL: (ServiceKind.PSYCHOLOGICAL, ServiceKind.CONVERSATION),
    Need.MATERIAL: (ServiceKind.FOOD, ServiceKind.MATERIAL_AID),
    Need.HOUSING: (ServiceKind.ACCOMPANIMENT, ServiceKind.CONVERSATION),
    Need.PARENTING: (ServiceKind.PARENTING_LESSON, ServiceKind.CHILDCARE),
    Need.LEGAL: (ServiceKind.LEGAL,),
    Need.MEDICAL: (ServiceKind.MEDICAL, ServiceKind.ACCOMPANIMENT),
    Need.SCHOOLING_WORK: (ServiceKind.SCHOOLING_WORK,),
}
_OFTEN: Final = (ServiceKind.CONVERSATION, ServiceKind.HOME_VISIT, ServiceKind.PHONE_CALL)
_MODES: Final = {
    ServiceKind.HOME_VISIT: ServiceMode.HOME,
    ServiceKind.PHONE_CALL: ServiceMode.REMOTE,
    ServiceKind.ACCOMPANIMENT: ServiceMode.ELSEWHERE,
    ServiceKind.MEDICAL: ServiceMode.ELSEWHERE,
}
_BY_SPECIALIST: Final = frozenset(
    {ServiceKind.PSYCHOLOGICAL, ServiceKind.LEGAL, ServiceKind.MEDICAL}
)


def write_families(
    work: Casework, plans: Sequence[FamilyPlan], advance: Callable[[], None]
) -> None:
    """Write the families with their stays and services, and the referrals that led elsewhere."""
    written: list[tuple[FamilyPlan, Household]] = []
    for plan in plans:
        written.append((plan, _family(work, plan)))
        advance()
    write_stays(work, written)
    _services(work, written)
    _other_referrals(work)


def _family(work: Casework, plan: FamilyPlan) -> Household:
    first, *later = plan.episodes
    worker = work.random.choice(work.workers)
    referral = _referral(work, plan, first)
    household = intake.open_family(
        work.session,
        referral,
        members=plan.members,
        needs=plan.needs,
        primary_need=plan.primary_need,
        opened_on=first.opened_on,
        opened_by=worker,
        today=first.opened_on,
    )
    referral.decided_at = work.moment(first.opened_on, 15)
    _close(work, household, first, worker)
    for episode in later:
        again = _referral(work, plan, episode)
        intake.accept_for_known_family(
            work.session, again, household, decided_by=worker, today=episode.opened_on
        )
        again.decided_at = work.moment(episode.opened_on, 15)
        _close(work, household, episode, worker)
    return household


def _referral(work: Casework, plan: FamilyPlan, episode: EpisodePlan) -> Referral:
    urgent = plan.stay is not None and work.random.random() < 0.6
    waited = 0 if urgent else work.random.randint(0, 5)
    children = [m for m in plan.members if m.role is MemberRole.CHILD]
    return intake.take_referral(
        work.session,
        intake.ReferralDetails(
            source=episode.source,
            channel=_CHANNELS.get(episode.source, Channel.IN_PERSON),
            urgency=Urgency.IMMEDIATE if urgent else Urgency.WITHIN_72_HOURS,
            mother_name=plan.name,
            mother_contact=plan.members[0].person.phone,
            safe_to_call=plan.members[0].person.safe_to_call,
            children_count=len(children),
            needs=plan.needs,
            situation=episode.situation,
            referrer_body=BODIES.get(episode.source.value),
        ),
        received_at=work.moment(episode.opened_on - waited * _DAY, 10),
        received_by=work.random.choice(work.staff["duty-operator"]),
    )


def _close(work: Casework, household: Household, episode: EpisodePlan, worker: uuid.UUID) -> None:
    if episode.closed_on is not None:
        families.close_case(
            work.session,
            household,
            closed_on=episode.closed_on,
            reason=episode.reason,
            note=None,
            closed_by=worker,
            today=episode.closed_on,
        )


def _other_referrals(work: Casework) -> None:
    """Some led to somebody else, some to nothing, and a few wait for their answer."""
    for number in range(14):
        waits = number < 3
        source: Source = weighted(work.random, list(work.profile.sources.items()))
        ago = work.random.randint(0, 4) if waits else work.random.randint(10, 1050)
        received_on = work.today - ago * _DAY
        referral = intake.take_referral(
            work.session,
            intake.ReferralDetails(
                source=source,
                channel=_CHANNELS.get(source, Channel.IN_PERSON),
                urgency=work.random.choice(tuple(Urgency)),
                mother_name=f"Образцова-{200 + number}",
                children_count=work.random.randint(1, 3),
                needs=[work.random.choice((Need.HOUSING, Need.MATERIAL, Need.PSYCHOLOGICAL))],
                situation=work.random.choice(SITUATIONS),
                referrer_body=BODIES.get(source.value),
            ),
            received_at=work.moment(received_on, 0 if waits and not ago else 11),
            received_by=work.staff["duty-operator"][0],
        )
        if not waits:
            _send_on(work, referral, received_on)


def _send_on(work: Casework, referral: Referral, received_on: datetime.date) -> None:
    elsewhere = work.random.random() < 0.5
    intake.decline(
        work.session,
        referral,
        state=ReferralState.REFERRED_ON if elsewhere else ReferralState.DECLINED,
        reason=work.random.choice((DecisionReason.NO_PLACE, DecisionReason.TOO_FAR)),
        referred_on_to=BODIES["ngo"] if elsewhere else None,
        note=None,
        decided_by=work.random.choice(work.workers),
    )
    referral.decided_at = work.moment(received_on + _DAY, 12)


def _services(work: Casework, written: Sequence[tuple[FamilyPlan, Household]]) -> None:
    services: list[dict[str, Any]] = []
    recipients: list[dict[str, Any]] = []
    for plan, household in written:
        for episode in plan.episodes:
            day = episode.opened_on + work.random.randint(0, 3) * _DAY
            while day <= (episode.closed_on or work.today):
                service = _service(work, plan, household, day)
                services.append(service)
                recipients += _recipients(work, household, service)
                day += in_band(work.random, ((6, 5, 9), (2, 10, 18))) * _DAY
    as_one = {"render_nulls": True}
    work.session.execute(insert(ServiceDelivery).execution_options(**as_one), services)
    work.session.execute(insert(ServiceRecipient), recipients)


def _service(
    work: Casework, plan: FamilyPlan, household: Household, day: datetime.date
) -> dict[str, Any]:
    random = work.random
    need = random.choice(sorted(plan.needs))
    kind = random.choice(_KINDS[need] if random.random() < 0.6 else _OFTEN)
    by = work.staff["specialist"] if kind in _BY_SPECIALIST else work.workers
    provided_by = random.choice(by)
    return {
        "id": new_id(),
        "household_id": household.id,
        "kind": kind,
        "mode": _MODES.get(kind, ServiceMode.ON_SITE),
        "delivered_on": day,
        "minutes": random.choice((15, 30, 45, 60, 60, 90, 120)),
        "note": random.choice(SERVICE_NOTES) if random.random() < 0.4 else None,
        # What is said to a psychologist is hers to open, as it is at work.
        "sealed": kind is ServiceKind.PSYCHOLOGICAL,
        "provided_by": provided_by,
        "recorded_by": provided_by,
    }


def _recipients(
    work: Casework, household: Household, service: dict[str, Any]
) -> list[dict[str, Any]]:
    mother, *others = household.current_members
    children = [m for m in others if m.role is MemberRole.CHILD and not m.person.birth.is_expected]
    with_children = service["kind"] is ServiceKind.CHILDCARE or work.random.random() < 0.45
    chosen = [mother, *(children if with_children else [])]
    return [{"service_id": service["id"], "person_id": m.person_id} for m in chosen]
