"""The proof as a paper that a director can hand to a regulator."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from hearth.proof.services import Proof
from hearth.proof.walk import Finding
from hearth.safekeeping.paper import Paper, Section

SURPRISES_SHOWN = 50
# What is promised of each kind of attempt.
PROMISES = {
    "routes": _l("A neighbour’s id is answered exactly like one that does not exist."),
    "real ids": _l("Ids of the organisations that work here lead nowhere from outside."),
    "own pages": _l("One’s own pages open, so that a refusal elsewhere means something."),
    "pages and exports": _l("No page and no export holds a neighbour’s word or id."),
    "jobs": _l("A unit of work finds its own organisation’s rows and nobody else’s."),
    "caches and queues": _l("Nothing that a person typed is in a cache or a queue."),
    "SQL under each role": _l("Injected SQL cannot leave its organisation’s schema."),
    "the service's own roles": _l("The service’s own roles cannot enter an organisation’s schema."),
    "passwords": _l("One role’s password opens no other account."),
    "wrong addresses": _l("An address that leads to another’s schema is noticed."),
    "other databases": _l("No other database of the server opens to an organisation’s role."),
}


def report(proof: Proof, *, lang: str, signature: str) -> Paper:
    """The report in the language that is in force."""
    return Paper(
        lang=lang,
        author=proof.label,
        title=_("Proof of isolation"),
        intro=_verdict(proof),
        sections=(
            Section(
                heading=_("What was tried"),
                text=_(
                    "Two organisations were made for this proof and filled with one of everything;"
                    " somebody with every role in the one tried to reach the other over the"
                    " network. Injected SQL was really tried under every organisation’s own"
                    " database role, and undone. Nobody’s data was changed or read into this"
                    " report."
                ),
                rows=tuple((str(PROMISES[one.name]), _ending(one)) for one in proof.findings),
            ),
            *([_surprises(proof)] if proof.surprises else []),
            Section(
                heading=_("Of what, and when"),
                rows=(
                    (_("Made at (UTC)"), proof.made_at),
                    (_("Release"), f"{proof.release} ({proof.revisions})"),
                    (_("Address"), proof.url),
                    (_("Organisations"), ", ".join(proof.organisations)),
                    (_("Signature (HMAC-SHA256 of the facts in the JSON file)"), signature),
                ),
            ),
        ),
        note=_("Whoever runs this service can make a new proof at any time and compare."),
        signatures=(),
    )


def _ending(finding: Finding) -> str:
    wrong = len(finding.surprises)
    return str(_("%(tried)d tried, %(wrong)d surprises", tried=finding.tried, wrong=wrong))


def _verdict(proof: Proof) -> str:
    if not proof.surprises:
        return str(
            _(
                "%(tried)d attempts to reach another organisation’s data. None succeeded.",
                tried=proof.tried,
            )
        )
    return str(
        ngettext(
            "NOT PROVEN: %(num)d attempt did not end as promised.",
            "NOT PROVEN: %(num)d attempts did not end as promised.",
            len(proof.surprises),
        )
    )


def _surprises(proof: Proof) -> Section:
    return Section(
        heading=_("Surprises"),
        text=_("Each of these must be looked into before anybody relies on this installation."),
        rows=tuple((what, "") for what in proof.surprises[:SURPRISES_SHOWN]),
    )
