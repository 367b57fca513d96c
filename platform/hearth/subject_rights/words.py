"""The codes of requests and erasures in words."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from hearth.data_classes import FieldClass
from hearth.data_register.words import CLASSES
from hearth.subject_rights.erasure_plan import Obstacle, Reason
from hearth.subject_rights.vocabulary import (
    Asker,
    Decision,
    ErasureKind,
    IdentityProof,
    RequestKind,
    Step,
)

KINDS: dict[RequestKind, LazyString] = {
    RequestKind.ACCESS: _l("See what we hold"),
    RequestKind.CORRECTION: _l("Have something corrected"),
    RequestKind.ERASURE: _l("Have it erased"),
    RequestKind.RESTRICTION: _l("Have it set aside"),
    RequestKind.OBJECTION: _l("Object to a use"),
    RequestKind.PORTABILITY: _l("Take it along"),
}
ASKERS: dict[Asker, LazyString] = {
    Asker.SELF: _l("The person herself or himself"),
    Asker.GUARDIAN: _l("A parent or guardian"),
    Asker.AUTHORITY: _l("An authority"),
    Asker.THIRD: _l("Somebody else"),
}
STEPS: dict[Step, LazyString] = {
    Step.RECEIVED: _l("The request came"),
    Step.IDENTITY_CONFIRMED: _l("It is known who asks"),
    Step.IDENTITY_DOUBTFUL: _l("It is not certain who asks"),
    Step.SAFE: _l("Safeguarding: an answer brings nobody into danger"),
    Step.UNSAFE: _l("Safeguarding: an answer could bring somebody into danger"),
    Step.EXTENDED: _l("The time was extended"),
    Step.PREPARED: _l("The data were gathered"),
    Step.EXPORTED: _l("The file was handed out"),
    Step.EXPORT_RENEWED: _l("The file is to be made anew"),
    Step.CORRECTED: _l("Something was corrected"),
    Step.RESTRICTED: _l("Uses were stopped"),
    Step.ERASURE_ASKED: _l("An erasure was asked for"),
    Step.ERASURE_REFUSED: _l("The second person refused the erasure"),
    Step.ERASED: _l("Erased"),
    Step.ANSWERED: _l("Answered"),
    Step.REFUSED: _l("Refused, with the reason"),
    Step.WITHDRAWN: _l("Withdrawn"),
}
PROOFS: dict[IdentityProof, LazyString] = {
    IdentityProof.KNOWN: _l("We know her in person"),
    IdentityProof.PAPERS: _l("Papers were shown"),
    IdentityProof.MANDATE: _l("A mandate or court paper was shown"),
    IdentityProof.CALL_BACK: _l("We called the safe number in the file"),
}
DECISIONS: dict[Decision, LazyString] = {
    Decision.RELEASE: _l("Give it out"),
    Decision.REDACT: _l("Keep it back"),
}
ERASURE_KINDS: dict[ErasureKind, LazyString] = {
    ErasureKind.REQUEST: _l("On request"),
    ErasureKind.RETENTION: _l("By the retention clock"),
}
OBSTACLES: dict[Obstacle, LazyString] = {
    Obstacle.HOLD: _l("A legal hold stands."),
    Obstacle.CASE_OPEN: _l("The family is accompanied at the moment; close the case first."),
    Obstacle.OTHER_REQUEST: _l("Another request about the same person waits for an answer."),
    Obstacle.DUTY: _l("A law demands that these data are kept for now."),
    Obstacle.ERASED: _l("This was erased before."),
}
REASONS: dict[Reason, LazyString] = {
    Reason.DUTY: _l("a law demands it"),
    Reason.WATCH: _l("it proves who looked and who acted"),
    Reason.FAMILY: _l("notes about the family as a whole tell of the others too"),
}
METHODS: dict[str, LazyString] = {
    "keys_destroyed": _l(
        "The keys were destroyed, so that nothing sealed with them can be read, in no backup"
        " either. What was not sealed was blanked."
    ),
}
SHORT_METHODS: dict[str, LazyString] = {"keys_destroyed": _l("The keys were destroyed")}
FIELDS: dict[str, LazyString] = {
    "given_name": _l("Given name"),
    "family_name": _l("Family name"),
    "patronymic": _l("Patronymic"),
    "born_on": _l("Date of birth"),
    "sex": _l("Sex"),
    "preferred_language": _l("Language"),
    "phone": _l("Telephone"),
    "safe_to_call": _l("Is it safe to call?"),
    "contact_note": _l("How to reach safely"),
    "before": _l("What stood there before a correction"),
    "closing_note": _l("Note on closing"),
    "situation": _l("What was told"),
    "referrer_name": _l("Who asked for help"),
    "referrer_phone": _l("Telephone of whoever asked"),
    "referrer_body": _l("Body that asked"),
    "mother_name": _l("Name of the mother"),
    "mother_contact": _l("How the mother is reached"),
    "children_ages": _l("Ages of the children"),
    "decision_note": _l("Note on the decision"),
    "departure_note": _l("Note on leaving"),
    "note": _l("Note"),
    "reason": _l("Reason"),
    "email": _l("E-mail address"),
    "name": _l("Name"),
    "donor_name": _l("Name"),
    "case_number": _l("Case number"),
    "opened_on": _l("Opened"),
    "closed_on": _l("Closed on"),
    "closing_reason": _l("Why the case was closed"),
    "purpose": _l("Purpose"),
    "categories": _l("Which data"),
    "giver": _l("Who agreed"),
    "giver_name": _l("Name of whoever agreed"),
    "assent": _l("Whether the child agreed"),
    "medium": _l("In which form"),
    "language": _l("Language"),
    "valid_from": _l("Agreed from"),
    "valid_until": _l("Agreed until"),
    "recipients": _l("Who receives it"),
    "withdrawal_note": _l("Why the consent was withdrawn"),
    "effect_note": _l("What was stopped"),
    "added_at": _l("Added"),
    "title": _l("Title"),
    "withdrawn_at": _l("Withdrawn"),
    "withdrawn_because": _l("Why the document was withdrawn"),
    "content": _l("File"),
    "role": _l("What somebody is in the family"),
    "joined_on": _l("Belongs to the family since"),
    "left_on": _l("Left on"),
    "leaving_reason": _l("Why somebody left the family"),
    "need": _l("Need"),
    "needs": _l("Needs"),
    "is_primary": _l("Most needed"),
    "way": _l("In which way"),
    "from_on": _l("Since"),
    "until_on": _l("Until"),
    "birth_precision": _l("How exactly the birth is known"),
    "read_at": _l("Looked at on"),
    "source": _l("Where the referral came from"),
    "channel": _l("How the referral came"),
    "urgency": _l("Urgency"),
    "children_count": _l("How many children"),
    "state": _l("State"),
    "decision_reason": _l("Reason of the decision"),
    "referred_on_to": _l("Referred on to"),
    "kind": _l("Kind"),
    "mode": _l("In which manner"),
    "delivered_on": _l("Day"),
    "began_at": _l("Began at"),
    "minutes": _l("How many minutes"),
    "cancelling_note": _l("Why the entry was cancelled"),
    "effective_on": _l("In force since"),
    "before_on": _l("Agreed until, before"),
    "after_on": _l("Agreed until, afterwards"),
    "place_id": _l("Place"),
    "nights": _l("Nights"),
    "admitted_on": _l("Admitted"),
    "planned_until": _l("Agreed until"),
    "ended_on": _l("Ended"),
    "end_reason": _l("Why the stay ended"),
    "destination": _l("Where the family went"),
    "subject_kind": _l("About"),
    "asked_by": _l("Who asks"),
    "asker_name": _l("Name of whoever asks"),
    "received_on": _l("It came on"),
    "due_on": _l("Answer by"),
    "wish": _l("In her own words"),
    "outcome": _l("How it ended"),
    "last_key_backup_ends_on": _l("Last backup of the keys ends on"),
}
TABLES: dict[str, LazyString] = {
    "people": _l("Person"),
    "person_corrections": _l("Earlier entries about the person"),
    "households": _l("Family"),
    "household_members": _l("Belonging to the family"),
    "household_needs": _l("What the family came for"),
    "case_episodes": _l("Case"),
    "key_workers": _l("Who accompanies"),
    "person_reads": _l("When somebody looked, and what for"),
    "household_documents": _l("Document"),
    "stored_files": _l("File"),
    "referrals": _l("Referral"),
    "service_deliveries": _l("Service"),
    "service_recipients": _l("For whom a service was"),
    "stays": _l("Stay"),
    "stay_places": _l("Place in a house"),
    "stay_changes": _l("Decision about a stay"),
    "consents": _l("Consent"),
    "donors": _l("Donor"),
    "gifts": _l("Gift"),
    "payments": _l("Payment"),
    "payment_events": _l("Step of a payment"),
    "refunds": _l("Refund"),
    "users": _l("Account"),
    "user_sessions": _l("Sign-in"),
    "subject_requests": _l("Request about data"),
    "subject_request_steps": _l("Step of a request"),
    "erasures": _l("Erasure"),
    "incident_people": _l("Concerned by an incident"),
    "incident_person_notices": _l("Told of an incident"),
}


def table_word(name: str) -> str:
    """A table in words; a new one is called by its name until somebody finds a better one."""
    return str(TABLES.get(name) or name.replace("_", " ").capitalize())


def field_word(name: str, data_class: FieldClass | None = None) -> str:
    """A field in words; one without words of its own is called by its class or its name."""
    if name in FIELDS:
        return str(FIELDS[name])
    plain = name.replace("_", " ").capitalize()
    return f"{plain} ({CLASSES[data_class]})" if data_class is FieldClass.HEALTH else plain
