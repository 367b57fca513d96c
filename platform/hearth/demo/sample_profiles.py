"""What is typical of each organisation in its sample data: houses, sources, lengths of stay."""

from collections.abc import Mapping
from dataclasses import dataclass

from hearth.intake.vocabulary import Source
from hearth.shelter.models import HouseKind


@dataclass(frozen=True, kw_only=True)
class SampleHouse:
    """A house with so many rooms; each holds a bed for the mother, a child's bed and a cot.

    The last rooms open `later_rooms` of them in the course of the second year.
    """

    name: str
    kind: HouseKind
    rooms: int
    later_rooms: int = 0


@dataclass(frozen=True, kw_only=True)
class SampleProfile:
    """How an organisation works, as far as its sample data shows it."""

    houses: tuple[SampleHouse, ...]
    sources: Mapping[Source, int]
    sheltered_share: float
    nights: tuple[tuple[int, int, int], ...]
    """Weight, shortest and longest stay of each sort."""
    guideline_nights: int
    oldest_child: int
    """In years."""
    partner_share: float = 0.08
    large_gifts: tuple[int, ...] = ()
    """What a ball or a company gives, in whole euros, one a year."""


PROFILES: Mapping[str, SampleProfile] = {
    "spb": SampleProfile(
        houses=(SampleHouse(name="Дом с лампой", kind=HouseKind.SHELTER, rooms=6),),
        sources={
            Source.GUARDIANSHIP: 38,
            Source.HOSPITAL: 14,
            Source.POLICE: 8,
            Source.HELPLINE: 16,
            Source.SELF: 10,
            Source.OTHER_MOTHER: 8,
            Source.SOCIAL_MEDIA: 6,
        },
        sheltered_share=0.45,
        nights=((3, 10, 40), (5, 41, 110), (2, 111, 180)),
        guideline_nights=90,
        oldest_child=7,
        partner_share=0.03,
    ),
    "pskov": SampleProfile(
        houses=(
            SampleHouse(name="Дом «Берёза»", kind=HouseKind.FAMILY_HOUSE, rooms=4),
            SampleHouse(name="Дом «Рябина»", kind=HouseKind.FAMILY_HOUSE, rooms=4, later_rooms=2),
        ),
        sources={
            Source.GUARDIANSHIP: 22,
            Source.POLICE: 16,
            Source.SCHOOL: 14,
            Source.HOSPITAL: 10,
            Source.NGO: 14,
            Source.SELF: 14,
            Source.OTHER_MOTHER: 10,
        },
        sheltered_share=0.5,
        nights=((3, 14, 60), (5, 61, 150), (2, 151, 240)),
        guideline_nights=180,
        oldest_child=11,
        partner_share=0.2,
        large_gifts=(9200, 10450, 11800),
    ),
    "ussuriysk": SampleProfile(
        houses=(SampleHouse(name="Квартира «Маяк»", kind=HouseKind.CRISIS_FLAT, rooms=3),),
        sources={
            Source.GUARDIANSHIP: 58,
            Source.HOSPITAL: 18,
            Source.POLICE: 10,
            Source.SCHOOL: 4,
            Source.NGO: 10,
        },
        sheltered_share=0.6,
        nights=((3, 3, 12), (4, 13, 45), (3, 46, 90)),
        guideline_nights=90,
        oldest_child=3,
        large_gifts=(30000,),
    ),
    "krasnoyarsk": SampleProfile(
        houses=(SampleHouse(name="Дом «Кедр»", kind=HouseKind.SHELTER, rooms=3),),
        sources={
            Source.GUARDIANSHIP: 34,
            Source.HOSPITAL: 18,
            Source.HELPLINE: 12,
            Source.SELF: 14,
            Source.OTHER_MOTHER: 12,
            Source.SOCIAL_MEDIA: 10,
        },
        sheltered_share=0.35,
        nights=((4, 7, 30), (5, 31, 90), (1, 91, 120)),
        guideline_nights=90,
        oldest_child=7,
    ),
}


def profile_of(slug: str) -> SampleProfile:
    """The profile of an organisation; one that is new here works like St Petersburg's."""
    return PROFILES.get(slug, PROFILES["spb"])
