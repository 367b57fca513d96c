"""Which entries about somebody a family's file tells, over all the ways to come and go."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.families.entries import REACHING, Entry, TimeInFamily
from hearth.families.knowing import Known, what_is_told

FIRST_DAY = date(2026, 1, 1)
HERE, SEEN, HIDDEN = (uuid.UUID(int=number) for number in range(3))
NOTHING = {
    **{"given_name": "Dasha", "family_name": "", "patronymic": None, "preferred_language": None},
    **{"born_on": None, "birth_precision": "unknown", "sex": "unknown"},
    **dict.fromkeys(REACHING),
}


@dataclass
class Story:
    """Day by day somebody joins and leaves families, and something is said of her."""

    times: list[TimeInFamily]
    entries: list[Entry]

    @property
    def told(self) -> Known:
        return what_is_told(HERE, self.times, self.entries, UTC)

    def is_hidden_on(self, day: date) -> bool:
        """Whether a family has her on this day that the reader does not see."""
        hidden = [one for one in self.times if not one.is_seen]
        return any(
            one.joined_on <= day and (one.left_on is None or day <= one.left_on) for one in hidden
        )

    def words_told(self) -> Iterator[str]:
        """Every word about how she is reached that the file tells, now or of an earlier time."""
        told, earlier = self.told, self.told.earlier or {}
        yield from words(vars(told.stood) if told.stood else self.entries[-1].recorded, told.covers)
        for one in self.entries:
            number = one.replaced_by
            if number is not None and number in earlier:
                yield from words(one.recorded, earlier[number])


def words(recorded: Mapping[str, Any], covers: frozenset[str]) -> Iterator[str]:
    yield from (recorded[one] for one in REACHING if recorded[one] and one not in covers)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=UTC)


def said_on(word: str) -> date:
    return date.fromisoformat(word.partition(" ")[2])


STEPS: st.SearchStrategy[uuid.UUID | str] = st.sampled_from([HERE, SEEN, HIDDEN, *REACHING])


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Each step is a day or more after the last one; what is said names the day it was said on."""
    day, first_family = FIRST_DAY, draw(st.sampled_from([HERE, SEEN, HIDDEN]))
    members: dict[uuid.UUID, date] = {first_family: day}
    over: list[TimeInFamily] = []
    first = {**NOTHING, "phone": f"phone {day}", "contact_note": f"contact_note {day}"}
    entries = [Entry(first, datetime.combine(day, time.min, tzinfo=UTC))]
    for step, days in draw(st.lists(st.tuples(STEPS, st.integers(0, 2)), max_size=14)):
        day += timedelta(days=days)
        if isinstance(step, str):
            moment, number = noon(day) + timedelta(seconds=len(entries)), uuid.uuid4()
            entries[-1] = replace(entries[-1], replaced_at=moment, replaced_by=number)
            entries.append(Entry({**entries[-1].recorded, step: f"{step} {day}"}, moment))
        elif step in members:
            over.append(TimeInFamily(members.pop(step), day, step != HIDDEN, step))
        else:
            members[step] = day
    lasting = [TimeInFamily(since, None, home != HIDDEN, home) for home, since in members.items()]
    times = [*over, *lasting]
    if HERE not in {one.household_id for one in times}:
        times.append(TimeInFamily(day, None, True, HERE))
    return Story(times, entries)


@given(story=stories())
def test_no_file_tells_how_somebody_was_reached_by_what_was_said_while_a_hidden_family_had_her(
    story: Story,
) -> None:
    told = list(story.words_told())

    assert [one for one in told if story.is_hidden_on(said_on(one))] == []


@given(story=stories())
def test_no_file_tells_who_corrected_somebody_while_a_hidden_family_had_her(story: Story) -> None:
    earlier = story.told.earlier or {}

    moments = [one.replaced_at for one in story.entries if one.replaced_by in earlier]
    assert [one for one in moments if one is None or story.is_hidden_on(one.date())] == []


@given(story=stories(), way=st.sampled_from(REACHING))
def test_what_a_family_says_while_it_alone_has_her_stands_in_its_file(
    story: Story, way: str
) -> None:
    last = max(
        (moment for one in story.times for moment in (one.joined_on, one.left_on) if moment),
        default=FIRST_DAY,
    )
    day = max(last, story.entries[-1].said_at.date()) + timedelta(days=2)
    times = _alone(story.times, day - timedelta(days=1))

    said = _says_all(story.entries, day)

    told = what_is_told(HERE, times, said, UTC)
    assert told.covers == frozenset()
    assert not told.is_elsewhere
    assert (vars(told.stood) if told.stood else said[-1].recorded)[way] == f"{way} {day}"


@pytest.mark.parametrize(("day", "is_told"), [(9, False), (10, False), (15, False), (20, True)])
def test_what_is_said_between_two_families_is_the_earlier_ones(day: int, is_told: bool) -> None:
    hidden = TimeInFamily(FIRST_DAY, FIRST_DAY + timedelta(days=10), False, HIDDEN)
    here = TimeInFamily(FIRST_DAY + timedelta(days=20), None, True, HERE)
    first = [Entry(NOTHING, noon(FIRST_DAY))]

    told = what_is_told(
        HERE, [hidden, here], _says_all(first, FIRST_DAY + timedelta(days=day)), UTC
    )

    assert told.covers == (frozenset() if is_told else frozenset(REACHING))


def _alone(times: Sequence[TimeInFamily], day: date) -> list[TimeInFamily]:
    """Everybody else's time is over by a day, and she belongs to this family from then on."""
    over = [replace(one, left_on=one.left_on or day) for one in times]
    return [*over, TimeInFamily(day, None, True, HERE)]


def _says_all(entries: Sequence[Entry], day: date) -> list[Entry]:
    *before, last = entries
    replaced = replace(last, replaced_at=noon(day), replaced_by=uuid.uuid4())
    recorded = {**last.recorded, **{one: f"{one} {day}" for one in REACHING}}
    return [*before, replaced, Entry(recorded, noon(day))]
