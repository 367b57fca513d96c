"""One dated line of everything that happened to a family, the newest first."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from flask import url_for
from flask_babel import gettext as _

from hearth.accounts.permissions import ROLE_LABELS
from hearth.case_file.services import CaseFile
from hearth.families.seen import SeenMember
from hearth.families.words import CLOSING_REASONS, LEAVING_REASONS, MEMBER_ROLES, NEEDS
from hearth.intake.words import SOURCES
from hearth.service_delivery.sealed import SeenService
from hearth.service_delivery.words import kind_in_words
from hearth.shelter.words import DESTINATIONS
from hearth.web.formatting import format_date, organisation_clock

SHORT = 40


@dataclass(frozen=True, kw_only=True)
class Event:
    """One entry of the line, in the form in which the macro ``timeline`` draws it."""

    on: date
    title: str
    drawing: str
    text: str = ""
    who: str = ""
    url: str = ""
    chip: str = ""
    kind: str = "neutral"
    beneath: tuple[tuple[str, str], ...] = ()
    """What became of the entry: sentences, each with an address or an empty one."""


def timeline(file: CaseFile) -> list[Event]:
    """Everything that happened, the newest first; what began a day stands beneath its rest."""
    events = [
        *_referrals(file),
        *_episodes(file),
        *_members(file),
        *_key_workers(file),
        *_stays(file),
        *_services(file),
    ]
    return sorted(events, key=lambda event: event.on)[::-1]


def _referrals(file: CaseFile) -> Iterator[Event]:
    for referral in file.referrals:
        by = (str(SOURCES[referral.source]), referral.referrer_body)
        yield Event(
            on=referral.received_at.astimezone(organisation_clock()).date(),
            title=_("Referral"),
            text=", ".join(part for part in by if part),
            drawing="telephone",
            url=url_for("intake.show", referral_id=referral.id),
        )


def _episodes(file: CaseFile) -> Iterator[Event]:
    for number, episode in enumerate(file.household.episodes):
        yield Event(
            on=episode.opened_on,
            title=_("The case was opened anew") if number else _("The case was opened"),
            text=str(NEEDS[episode.primary_need]) if episode.primary_need else "",
            who=_who(file, episode.opened_by),
            drawing="door",
        )
        if episode.closed_on and episode.closing_reason:
            why = (str(CLOSING_REASONS[episode.closing_reason]), episode.closing_note)
            yield Event(
                on=episode.closed_on,
                title=_("The case was closed"),
                text=" – ".join(part for part in why if part),
                who=_who(file, episode.closed_by),
                drawing="key",
            )


def _members(file: CaseFile) -> Iterator[Event]:
    began = file.household.episodes[0].opened_on
    for member in file.household.members:
        if not member.is_valid:
            continue
        # Whoever reads no casework is not told since when somebody belongs to the family, nor why
        # she left it.
        if member.joined_on and member.joined_on > began:
            yield Event(
                on=member.joined_on,
                title=_("%(name)s belongs to the family", name=_name(member)),
                who=_who(file, member.recorded_by),
                drawing="people",
            )
        if member.left_on and member.leaving_reason:
            yield Event(
                on=member.left_on,
                title=_("%(name)s belongs to the family no longer", name=_name(member)),
                text=str(LEAVING_REASONS[member.leaving_reason]),
                who=_who(file, member.left_recorded_by),
                drawing="path",
            )


def _key_workers(file: CaseFile) -> Iterator[Event]:
    for worker in file.household.key_workers[1:]:
        yield Event(
            on=worker.from_on,
            title=_("%(name)s accompanies the family", name=worker.user.name),
            drawing="hand",
        )


def _stays(file: CaseFile) -> Iterator[Event]:
    for seen in file.stays:
        stay, house = seen.stay, seen.house.name
        url = url_for("shelter.show_stay", stay_id=stay.id)
        yield Event(
            on=seen.admitted_on,
            title=_("Admitted to %(house)s", house=house),
            who=_who(file, seen.admitted_by),
            drawing="bed",
            url=url,
        )
        if seen.left_on:
            went = DESTINATIONS[seen.destination] if seen.destination else ""
            yield Event(
                on=seen.left_on,
                title=_("Left %(house)s", house=house),
                text=str(went),
                drawing="house",
                url=url,
            )


def _services(file: CaseFile) -> Iterator[Event]:
    # The newest comes first here, and the whole line is turned round at the end.
    for service in reversed(file.deliveries):
        url = url_for(
            "service_delivery.correct",
            household_id=file.household.id,
            service_id=service.id,
        )
        yield Event(
            on=service.delivered_on,
            title=kind_in_words(service.kind),
            text=service.note or "",
            who=service.provider.name,
            drawing=_DRAWINGS.get(service.kind.value, "hand") if service.kind else "hand",
            url=url if service.id in file.may_correct else "",
            chip=_chip(service),
            beneath=tuple(_became(file, service)),
        )


def _chip(service: SeenService) -> str:
    if service.cancelled_at:
        return str(_("Cancelled"))
    return str(_("Sealed note")) if service.sealed else ""


def _became(file: CaseFile, service: SeenService) -> Iterator[tuple[str, str]]:
    """Who corrected or cancelled an entry, which stands under the name of who provided it."""
    if service.supersedes_id:
        name, day = service.recorder.name, format_date(service.recorded_at)
        if service.corrector_role:
            name = f"{name} ({ROLE_LABELS[service.corrector_role]})"
        former = url_for(
            "service_delivery.history", household_id=file.household.id, service_id=service.id
        )
        said = _("Corrected by %(name)s on %(date)s", name=name, date=day)
        yield said, former if service.is_read or not service.sealed else ""
    if service.cancelled_at and service.canceller:
        day = format_date(service.cancelled_at)
        yield _("Cancelled by %(name)s on %(date)s", name=service.canceller.name, date=day), ""
        if service.cancelling_note:
            yield service.cancelling_note, ""


def _who(file: CaseFile, user_id: uuid.UUID | None) -> str:
    return file.staff.get(user_id, "") if user_id else ""


def _name(member: SeenMember) -> str:
    return member.person.full_name or str(MEMBER_ROLES[member.role])


_DRAWINGS = {
    "conversation": "lamp",
    "home_visit": "door",
    "phone_call": "telephone",
    "psychological": "lamp",
    "legal": "list",
    "medical": "hand",
    "parenting_lesson": "people",
    "accompaniment": "path",
    "childcare": "cradle",
    "material_aid": "coat",
}
