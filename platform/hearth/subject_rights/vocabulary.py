"""The closed lists of requests and erasures."""

from enum import StrEnum


class RequestKind(StrEnum):
    """What somebody asks for."""

    ACCESS = "access"
    CORRECTION = "correction"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    OBJECTION = "objection"
    PORTABILITY = "portability"


class Asker(StrEnum):
    """Who asks."""

    SELF = "self"
    GUARDIAN = "guardian"
    AUTHORITY = "authority"
    THIRD = "third"


class Step(StrEnum):
    """What happened to a request."""

    RECEIVED = "received"
    IDENTITY_CONFIRMED = "identity_confirmed"
    IDENTITY_DOUBTFUL = "identity_doubtful"
    SAFE = "safe"
    UNSAFE = "unsafe"
    EXTENDED = "extended"
    PREPARED = "prepared"
    EXPORTED = "exported"
    EXPORT_RENEWED = "export_renewed"
    CORRECTED = "corrected"
    RESTRICTED = "restricted"
    ERASURE_ASKED = "erasure_asked"
    ERASURE_REFUSED = "erasure_refused"
    ERASED = "erased"
    ANSWERED = "answered"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class IdentityProof(StrEnum):
    """How it was made sure that the requester is who she says."""

    KNOWN = "known"
    PAPERS = "papers"
    MANDATE = "mandate"
    CALL_BACK = "call_back"


class Decision(StrEnum):
    """What a human decided about one field that may tell of somebody else."""

    RELEASE = "release"
    REDACT = "redact"


class Verdict(StrEnum):
    """What the second person decided about an erasure."""

    APPROVED = "approved"
    REFUSED = "refused"


class ErasureKind(StrEnum):
    """Why something was erased."""

    REQUEST = "request"
    RETENTION = "retention"


CLOSING = (Step.ANSWERED, Step.REFUSED, Step.WITHDRAWN)
"""The steps that end a request."""
