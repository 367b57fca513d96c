"""Facts of the log as a reader sees them: some of them tell what only a class of data may tell."""

from collections.abc import Mapping

from hearth.accounts.redaction import Sees
from hearth.audit.models import AuditEvent
from hearth.data_classes import FieldClass
from hearth.service_delivery.vocabulary import TOLD_BY_KIND
from hearth.shelter.models import OF_A_STAY
from hearth.trail import Fact

# By what the event is about and the fact's name. That somebody was taken to a doctor tells of her
# health; a kind that is shown whenever it is another one would tell it by being left out.
FACT_CLASSES: Mapping[tuple[str, str], frozenset[FieldClass]] = {
    ("service", "kind"): TOLD_BY_KIND,
    ("household", "reason"): frozenset({FieldClass.CASEWORK}),
    ("stay", "reason"): frozenset({FieldClass.CASEWORK, *OF_A_STAY}),
    ("stay", "destination"): frozenset({FieldClass.CASEWORK, *OF_A_STAY}),
    ("household_restriction", "kind"): frozenset({FieldClass.LEGAL}),
    ("consent", "purpose"): frozenset({FieldClass.CASEWORK}),
    ("consent", "giver"): frozenset({FieldClass.CASEWORK}),
    ("glass_look", "reason"): frozenset({FieldClass.CASEWORK}),
}
# Numbers that count everybody, those whose files open to others included: whoever is bound would
# learn of such a file what was asked about it. And which rows of a file were decided about in a
# request, and how many went out: those of a part that the file does not show her would be told by
# being left out, or counted.
OF_EVERYBODY = frozenset(
    {
        ("incident", "found"),
        ("retention_notice", "new"),
        ("erasure_certificate", "rows"),
        ("subject_request", "entry"),
        ("subject_request", "mark"),
        ("subject_request", "number"),
        ("subject_request", "released"),
    }
)


def see_facts(event: AuditEvent, sees: Sees, *, bound: bool) -> dict[str, Fact]:
    """The facts of an event that a reader sees: those of a class only with all of it."""
    return {
        name: value
        for name, value in event.facts.items()
        if all(sees(one) for one in FACT_CLASSES.get((event.subject_type, name), ()))
        and not (bound and (event.subject_type, name) in OF_EVERYBODY)
    }


def sees_nothing(_field_class: FieldClass) -> bool:
    """What is read of a family by whoever does not open its file."""
    return False
