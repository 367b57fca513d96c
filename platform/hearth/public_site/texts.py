"""Each house's own words; facts and figures are those the organisations publish themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l


@dataclass(frozen=True)
class Work:
    """One thing that happens in a house."""

    drawing: str
    title: LazyString
    text: LazyString


@dataclass(frozen=True)
class HouseText:
    """What a house says about itself."""

    headline: LazyString
    lead: LazyString
    for_whom: LazyString
    works: tuple[Work, ...]
    note: LazyString | None = None


_AT_HOME: Final = Work(
    "house",
    _l("Help at home"),
    _l("Somebody comes by, sees what is missing, and stays in touch until the family can go on."),
)

TEXTS: Final[Mapping[str, HouseText]] = {
    "spb": HouseText(
        headline=_l("A mother alone in the big city need not lose her child"),
        lead=_l(
            "In St Petersburg we stand beside young mothers who came from the provinces and were"
            " left without work, money or anybody to turn to."
        ),
        for_whom=_l(
            "For mothers with small children who could otherwise be placed in a state institution."
            " The local authorities tell us where the need is greatest."
        ),
        works=(
            Work(
                "telephone",
                _l("A telephone that is answered day and night"),
                _l(
                    "When a mother needs help at once, somebody picks up, at three in the morning"
                    " too."
                ),
            ),
            _AT_HOME,
            Work(
                "bed",
                _l("A place to live, when there is no other way"),
                _l(
                    "In the shelter mother and child find rest. There she learns what she needs to"
                    " raise her child and to stand on her own feet."
                ),
            ),
            Work(
                "coat",
                _l("A warm coat, a food parcel"),
                _l("What a family lacks differs. We ask, and bring what is really needed."),
            ),
        ),
        note=_l("Doctor, lawyer and psychologist are part of it: we arrange whom a family needs."),
    ),
    "pskov": HouseText(
        headline=_l("Two houses where families find their feet again"),
        lead=_l(
            "The family support centre in Pskov opened in 2014 inside a children's village. Mothers"
            " with children, and whole families too, live here for a while when they are in a"
            " crisis."
        ),
        for_whom=_l(
            "For young mothers with children, and for families, who have met violence at home, have"
            " been shut out, or find learning hard."
        ),
        works=(
            Work(
                "house",
                _l("Two houses to live in for a while"),
                _l("A roof, quiet, and people who know what comes next."),
            ),
            Work(
                "people",
                _l("A small team"),
                _l(
                    "A coordinator, a psychologist and two social workers accompany each family;"
                    " outside experts join when they are needed."
                ),
            ),
            Work(
                "hand",
                _l("Volunteers as family contacts"),
                _l("Somebody from the neighbourhood who visits, listens and lends a hand."),
            ),
        ),
        note=_l(
            "From 2014 to 2017, 29 mothers and 35 children lived here and 200 children were"
            " accompanied."
        ),
    ),
    "ussuriysk": HouseText(
        headline=_l("A flat where a mother and her small child are safe"),
        lead=_l(
            "In Ussuriysk there is a crisis centre for mothers with children under four. It is a"
            " flat of its own, bought with the gift of a company that wanted exactly this."
        ),
        for_whom=_l(
            "For mothers in a hard situation whose children could otherwise be taken into an"
            " institution."
        ),
        works=(
            Work(
                "key",
                _l("A free stay"),
                _l("From a few days to three months; how long is decided with each mother."),
            ),
            Work(
                "people",
                _l("Advice that leads further"),
                _l("Psychologist, lawyer and social worker, and help with what is missing."),
            ),
            Work(
                "path",
                _l("A way back on her own feet"),
                _l("We accompany each family until it can manage a crisis by itself."),
            ),
        ),
        note=_l("The centre is part of a pilot that runs in 14 regions of Russia."),
    ),
    "krasnoyarsk": HouseText(
        headline=_l("Beside young mothers in Krasnoyarsk"),
        lead=_l(
            "The sister of the project in St Petersburg: the same care for mothers and small"
            " children, four time zones further east."
        ),
        for_whom=_l(
            "For mothers who lack the means to care for their child and could lose it for that."
        ),
        works=(
            _AT_HOME,
            Work(
                "cradle",
                _l("Learning to be a mother"),
                _l("Raising a child, running a household, believing in oneself: step by step."),
            ),
            Work(
                "coat",
                _l("What a family lacks"),
                _l("Food, clothes, whatever is really needed."),
            ),
        ),
    ),
}

EVERY_HOUSE: Final = HouseText(
    headline=_l("Small children stay with their own mother"),
    lead=_l("We stand beside mothers and families in a crisis, so that they can stay together."),
    for_whom=_l("For mothers with small children who need somebody beside them."),
    works=(_AT_HOME,),
)


def text_of(slug: str) -> HouseText:
    """A house's own words, or those that are true of every house."""
    return TEXTS.get(slug, EVERY_HOUSE)
