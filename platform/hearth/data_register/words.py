"""The register's codes in words."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from hearth.data_classes import FieldClass
from hearth.data_records import DataGroup, Purpose, SubjectKind

# How a country's profile cites its law; longer words first, because they may hold shorter ones.
CITED: dict[str, LazyString] = {
    "the authority of your country": _l("the authority of your country"),
    "the supervisory authority": _l("the supervisory authority"),
    "the law of your country": _l("the law of your country"),
    "legitimate interests": _l("legitimate interests"),
    "vital interests": _l("vital interests"),
    "duty by law": _l("duty by law"),
    "Roskomnadzor": _l("Roskomnadzor"),
    "contract": _l("contract"),
    "consent": _l("consent"),
    "152-FZ": _l("152-FZ"),
    "GDPR": _l("GDPR"),
    "art.": _l("art."),
}
PURPOSES: dict[Purpose, LazyString] = {
    Purpose.REFERRALS: _l("Hear a request for help and decide about it"),
    Purpose.ACCOMPANIMENT: _l("Accompany a family, so that a child stays with its mother"),
    Purpose.SHELTER: _l("Give a family a place to sleep"),
    Purpose.GIVING: _l("Receive gifts, thank for them and send a receipt"),
    Purpose.BOOKKEEPING: _l("Keep the books"),
    Purpose.STAFF: _l("Let members of staff work here"),
    Purpose.SECURITY: _l("Keep watch over who signs in and who looks into a file"),
    Purpose.RIGHTS: _l("Answer people about their own data, and act when something went wrong"),
    Purpose.FIGURES: _l("Publish figures in which nobody can be recognised"),
    Purpose.OPERATION: _l("Run the service"),
}
GROUPS: dict[DataGroup, LazyString] = {
    DataGroup.FAMILY_FILES: _l("Files of families"),
    DataGroup.REFERRALS: _l("Requests that led to no case"),
    DataGroup.DONORS: _l("Donors"),
    DataGroup.BOOKS: _l("Gifts, payments and books"),
    DataGroup.STAFF: _l("Accounts of members of staff"),
    DataGroup.SECURITY: _l("Records of sign-ins and looks"),
    DataGroup.RIGHTS: _l("Requests of people about their data, and incidents"),
    DataGroup.FIGURES: _l("Published figures"),
    DataGroup.OPERATION: _l("Technical records"),
}
CLASSES: dict[FieldClass, LazyString] = {
    FieldClass.IDENTITY: _l("Who somebody is"),
    FieldClass.CONTACT: _l("How somebody can be reached"),
    FieldClass.LOCATION: _l("Where somebody lives or sleeps"),
    FieldClass.HEALTH: _l("Health and therapy"),
    FieldClass.LEGAL: _l("Matters of law and courts"),
    FieldClass.SEALED_NOTE: _l("Sealed notes of a specialist"),
    FieldClass.FREE_TEXT: _l("Notes in free words"),
    FieldClass.MONEY: _l("Amounts and payments"),
    FieldClass.CASEWORK: _l("What was done, and when"),
    FieldClass.STAFF: _l("Which member of staff acted"),
    FieldClass.TECHNICAL: _l("Numbers and marks of the service itself"),
}
SUBJECTS: dict[SubjectKind, LazyString] = {
    SubjectKind.PERSON: _l("Mothers, children and who lives with them"),
    SubjectKind.HOUSEHOLD: _l("Families"),
    SubjectKind.REFERRAL: _l("People for whom help was asked, and who asked"),
    SubjectKind.DONOR: _l("Donors"),
    SubjectKind.STAFF: _l("Members of staff"),
}
RECIPIENTS: dict[Purpose, LazyString] = {
    Purpose.REFERRALS: _l("Staff of this organisation who take referrals"),
    Purpose.ACCOMPANIMENT: _l("Staff of this organisation who accompany the family"),
    Purpose.SHELTER: _l("Staff of the house; the operator of the service as processor"),
    Purpose.GIVING: _l("Staff for donors; the payment provider; the mail relay"),
    Purpose.BOOKKEEPING: _l("Bookkeeping; the payment provider; the tax office where it asks"),
    Purpose.STAFF: _l("Administrators of this organisation"),
    Purpose.SECURITY: _l("Privacy officer and administrators of this organisation"),
    Purpose.RIGHTS: _l("Privacy officer and director; the authority where the law demands it"),
    Purpose.FIGURES: _l("Everybody; the figures name nobody"),
    Purpose.OPERATION: _l("The operator of the service as processor"),
}
MEASURES: tuple[LazyString, ...] = (
    _l("Each organisation has a database role and schema of its own; no other can read it."),
    _l("Pages open by role, and every look into a family's file is recorded with name and time."),
    _l("Lines between browser, service and database are encrypted."),
    _l("Backups are encrypted and overwritten after a fixed time."),
    _l("Nothing personal stands in addresses, logs, job queues or messages of errors."),
    _l("Retention clocks erase what has served its time; two people decide an erasure on request."),
)
STARTS: dict[str, LazyString] = {
    "closure": _l("from the day the case was closed"),
    "decision": _l("from the day of the decision"),
    "last_gift": _l("from the last gift"),
    "year_end": _l("from the end of the year"),
    "account_closed": _l("from the day the account was closed"),
    "answer": _l("from the answer"),
}


def cited(source: str) -> str:
    """A law, its article or an authority as the reader's language writes it."""
    for written, word in CITED.items():
        source = source.replace(written, str(word))
    return source
