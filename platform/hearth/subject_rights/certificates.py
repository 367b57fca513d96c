"""The certificates of erasures, as far as whoever asks may know whom they are about."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.data_records import SubjectKind
from hearth.sealing.blind import mark_of
from hearth.subject_rights.eyes import told_counts
from hearth.subject_rights.models import Erasure, ErasureCertificate
from hearth.subject_rights.subjects import hidden_among


def latest(session: Session, *, user: SignedIn, limit: int = 100) -> list[ErasureCertificate]:
    """The latest certificates, without those about somebody who is hidden from whoever asks."""
    newest = select(ErasureCertificate).order_by(ErasureCertificate.at.desc())
    # A list cut before it is sifted would tell by its length how many are hidden.
    return _entrusted(session, session.scalars(newest).all(), user)[:limit]


def one_of_them(
    session: Session, certificate_id: uuid.UUID, *, user: SignedIn
) -> ErasureCertificate | None:
    """One certificate; None too for one about somebody who is hidden from whoever asks."""
    made = session.get(ErasureCertificate, certificate_id)
    return next(iter(_entrusted(session, [made] if made else [], user)), None)


def counts_told(
    session: Session, certificate: ErasureCertificate, *, user: SignedIn
) -> dict[str, int]:
    """How many rows of each table were erased, as far as somebody may know that there were any."""
    about = _subjects(session, [certificate.id])[certificate.id]
    return told_counts(session, certificate.counts, about, user=user)


def mark_of_subject(session: Session, kind: SubjectKind, subject_id: uuid.UUID) -> str:
    """By what it is told later whether a certificate is about somebody; nobody else makes it."""
    return mark_of(session, "erased", kind.value, str(subject_id))


def mark_told(session: Session, certificate: ErasureCertificate) -> str | None:
    """The mark on a certificate; None for an old one without a key, which whoever likes can try."""
    subjects = session.execute(
        select(Erasure.subject_kind, Erasure.subject_id).where(
            Erasure.certificate_id == certificate.id
        )
    )
    true = {mark_of_subject(session, kind, one) for kind, one in subjects}
    return certificate.subject_hash if certificate.subject_hash in true else None


def _entrusted(
    session: Session, chosen: Sequence[ErasureCertificate], user: SignedIn
) -> list[ErasureCertificate]:
    about = _subjects(session, [one.id for one in chosen])
    everybody = set().union(*about.values())
    hidden = hidden_among(session, everybody, user=user, permission=Permission.SUBJECT_RIGHTS)
    return [one for one in chosen if not any(who in hidden for _kind, who in about[one.id])]


def _subjects(
    session: Session, certificate_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, set[tuple[SubjectKind, uuid.UUID]]]:
    found = defaultdict[uuid.UUID, set[tuple[SubjectKind, uuid.UUID]]](set)
    rows = select(Erasure).where(Erasure.certificate_id.in_(certificate_ids))
    for row in session.scalars(rows):
        found[row.certificate_id].add((row.subject_kind, row.subject_id))
    return found
