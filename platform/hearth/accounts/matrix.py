"""Writes the policy down as tables that a director or an auditor can read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hearth.accounts.permissions import READ_BY, Permission, Role
from hearth.accounts.policy import POLICY, Scope
from hearth.data_classes import FieldClass

INTRODUCTION = """\
# Who may do what, and who reads what

Written by `hearth policy matrix` from `hearth/accounts/policy.py`; a test fails while it is not up
to date. What does not stand here is refused. An organisation's administrator may take something
away from a role or narrow it, and may name a role of her own that begins as one of these; nobody
can widen one.

## On which families

| scope | means |
|---|---|
| own | she accompanies the family; for reading also what she served lately |
| team | own, and every family that somebody of her teams accompanies |
| house | stays in a house she works in, until the day after the family left it |
| organisation | every family |

Beside every scope: a grant for one case, from when to when and for a reason, opens that family.
A case under restriction (a colleague's relative, somebody threatened) opens by such a grant alone,
whatever the scope. A family that somebody may not see is answered like one that does not exist.
A restricted case that nobody is left to open to the others again gets a keeper from the privacy
officer, who is told that there is one, sees its number and opens nothing herself.

A closed account ends what opened families to its owner: teams, houses, grants, sealed notes that
others let her read, and the families she accompanies. Opening it gives none of that back, and what
she served before opens nothing any more, nor does what she took down as a referral. The page that
closes it says how many families wait for somebody. A family that nobody accompanies any more waits
with the team that had it: it counts as the team's for whoever may restrict cases of her team, if
the last who accompanied it belonged to that team on the day on which she stopped, until it is
handed over. It counts so by what the role that restricts may do and read itself, and no other of
hers, and whether the case is open decides nothing. Where she belonged to no team, or nobody leads
it any more, the family is left to those who have the whole organisation: whoever is put into that
team to lead it has it from then on, or they close the file to all but a keeper, who hands it over.
They and those who lead the team are told by mail that there is one with an open case; of a
restricted one, its keepers.

A closed case is opened anew, on its own page or by a referral, by whoever has the family by her
role or was let in without an end. A guest, who was let in until a day, opens none.

What is recorded about a person is recorded once, whichever of her families it was said in. The file
of a family that she left for another one tells what stood on the day she left, and nothing that was
corrected from that day on; nor is that family found by it. While she belongs to two, whoever does
not see both reads her name and birth, and not how she is reached or whether that is safe. Nobody
corrects what is recorded about a person whom a family has now that she does not see. What was said
of somebody while a family had her that the reader does not see stays that family's when she has
left it: the file of another one leaves out what was corrected then, and by whom, does not tell how
she is reached, and is not found by it, until it is said anew. A day counts as a whole. A form shows
nothing of it and loses nothing of it. A request that is answered through the mother tells how she
is reached as the file does, and nothing where a family has her that whoever asks does not see.

Where somebody's roles read no files any more, because she was given others or hers were narrowed,
the grants and sealed notes end that were opened to her by name; another role gives none of it back.
Her teams and houses stay, on the pages of whoever places people there, and so do the families she
accompanies, until they are handed over.

What somebody did opens no more than her roles read when she did it. When she is given a role, or
one is taken from her, what she served before opens nothing any more, nor does what she took down as
a referral; and so it is for all who hold a role that is narrowed otherwise, if it then reads more
than before, or reads files and records services less far. They are told among what happened with
their account that their roles were changed.

What somebody did for a family opens its file to her for reading, and for correcting her own entries
and her own sealed notes, until 90 days after the day of that service; a correction makes this no
longer. It counts only where she had the family by scope when she recorded it, for reading as for
services: what was recorded while a grant was the only way in opens nothing, and ends with the
grant. Stays, referrals and kinds of data it opens only where the role that reads them came to the
family as well; nor does anybody hand to herself a family that is not hers to read. Nothing else is
done for a family by this way, and a restriction closes it. The page about who opens a file names
everybody and why, with the grants that are over; whatever opens or closes a door stands in the log.

A house opens stays, not families. Its staff see who of a family sleeps there, and that it left;
neither where it was before nor where it went, also when that is another house of ours: its name,
its rooms and its stays do not exist for them. Why a stay ended and where the family went is read by
whoever reads casework there, and by the one who wrote it down, until a colleague corrects it;
others correct the day alone. A stay whose family sleeps in two houses is changed by those who
accompany it, admission is theirs alone, and through a house nobody lets a family that left have
left later. Nobody, not even who accompanies the family, ends a stay before its first night in the
last house: the house before that one would have the family back. Whoever leaves a house on a day
has no later bed there, whatever was written down for later nights; a return from another house is
decided by itself. Whoever admits, or closes a place, reads of a bed that it is taken; until when,
if she sees the stay in that house. An organisation that narrows another permission to houses opens
by it the families who have such a stay.

The story of a stay tells a house what was decided about its own places and nights, and by whom if
she worked there or accompanied the family on that day; what cannot be told from these is left out.
A guest, whose grant has an end, brings no family to a house in which she works: no admission, no
move, no longer stay there and no earlier end elsewhere that would show it to her through the house.
"""
WRITING = """\
Whoever writes sees what stands there. Where an organisation withholds or narrows what a role reads,
what it writes there follows, role by role: a role that reads its own families only writes about
those, whatever else is left to it. Where the two have no family in common, it writes about none. A
role to which the service never gave the reading keeps what it writes. Whoever has a role that the
service lets read files admits no family whose file is not hers to read.
"""
READING = """\
## Which kinds of data a role reads

Through the permissions above and no others: who holds several roles reads a kind of data only where
the role that reads it also opens the page: one that does not count on a family lends nothing to the
pages about it. A referral that became a family opens where its file and referrals both do, and
tells what both read. What she took down herself as a referral she goes on reading as such. The
first name, a case number, what somebody is in the family and whether it is safe to call belong to
no class: they are seen with the family itself.

Sealed notes are of no role. Their owner decides, note by note, which colleague reads one, and may
take it back, also when the family is no longer hers: she then sees the note's day and its readers.
The officer, whom she may let read it while somebody of the family waits for an answer, reads it
until that request ends. Everybody else who sees the file sees that the note exists, its date and,
where she reads kinds, its kind.
What stood in a sealed note before a correction is as closed as the note, whenever it was sealed.
Nobody hands out a note that is closed to her, whoever released it.

The kind of a service tells of health or of a court's matter by itself. Whoever does not read both
sees that there was a service, its day and who provided it, in the file as in the log, and corrects
none: a kind that is left out beside others would tell itself.

What a field asks for beyond its own kind of data stands beside it in the register, and the file,
the log and the requests ask for it alike: the words about a service for what its kind tells, what
stood in a person's entry for the ways to reach her, a paper for all that papers hold, a stay for
where somebody lives. A need that the file leaves out leaves a mark in a request, which therefore
asks for all that needs tell.

What somebody wrote about a family stays in her words. Who provided a service changes the text, or a
supervisor or director by role, and the file says who did and as what; nobody seals the entry of
another. Colleagues correct the rest, or cancel the entry. What was corrected leads to what stood
there before, and what was cancelled stays in the file with who did it and why.

Why somebody looked into a file in an emergency is read by whoever reads free text in that file, and
by the privacy officer, who judges such looks. Other reviewers see who looked, when, and at what.

Work on requests, periods, holds, incidents and the records is about everybody's data. It is bound
there, too, by what is restricted, and by what somebody opens and reads in the file: of any other
file stands a number, a moment and a hash in the log, and nothing at all at the other desks. So it
is with a line about a stay or a referral for whoever is not shown them in the file, and with one
about a request, a hold, a notice or an erasure that she does not find; who looked at a stay, and
how many of them an erasure takes, is not told to her either. Nobody hands out what a request
gathered to whom the file of one of its families leaves out stays or referrals, whether there are
any or not; nor is she told what was decided about an entry. How many entries went out, and a mark
of which, the log tells the officer alone. A count of what is hidden would answer whatever a search
asks about it, so no number there counts it; one sentence, which stands there always, says that
there may be more. An incident's search keeps everybody, whoever asked. A house or stays stand in
the search of those alone who read by one role, in the whole organisation, where families sleep, and
who looked in that of those who read the records: whom it finds would tell it to the others, and
they are not shown whom a colleague's found. The privacy officer alone is asked about every family,
and counts all. She is known by what she is: by this role or one that derives from it, held with no
other role that reads files, whatever was taken away from that one. She reads names where she takes
a request, and all of what is handed out for it; at an open incident, the name, the telephone and
the safe way of one person whom a search found, on that person's page, to tell her. Each of these is
a look into the family's file.

What is kept about somebody who belongs, or belonged, to several families tells of all of them: a
request about such a person is taken and answered by whoever has every one of these families, each
row is read as in the file of its own family, and it is a look at each of them. The log tells of
such a request, or of the erasure, under the same rule, and of the lists that named somebody none is
told with one family that may have named her because of another, which whoever asks does not have.

A donor may be a mother or one of hers: to whoever is bound, a donor is there in requests and holds
if she reads gifts, as far as she reads them. So is a referral, at these desks and on the page about
who looked at it, if she finds it among the referrals. What a colleague did and looked at tells of
every file: requests of colleagues are the officer's alone, and to whoever is bound there are none.
The certificate of an erasure is there for whoever is bound only if nobody it is about is hidden
from her; its mark is made with the organisation's key, and one from before that is not shown.

Whoever is bound and was let in until a day reads there, and takes what somebody asks; she decides
nothing that outlasts her visit: no step of a request and no entry of its file, no erasure, no hold,
nothing about how long data are kept, and nobody whom an incident concerns is ticked off as told.
That is for those who have every one of the families by their role, or were let in without an end.

What a request corrects is corrected by somebody who reads it in the file. How a person is reached
is changed by somebody else than who recorded who asks, whoever she is: where there is one officer,
a director confirms who asks and the officer corrects, or the other way round.
"""
HANDING_OUT = """\
## Which roles a role may hand to others

Never to oneself, and never a role that one holds oneself can be changed. An account
is changed, closed, invited again or freed of its second factor by those alone who
may hand out every role its owner holds. The organisation's key is for whoever may
hand out all of these: a role from which some were taken loses `keys.manage` too.

Whenever an account gets a role that opens more than figures about many, by an
invitation or later, all directors and privacy officers but the one who gave it
are told at once, with the account's name and address and hers. An account that
had no such role before waits: its roles open nothing until somebody has approved
it who may hand out all of them and gave none. She is told, too. Where there is
nobody else, it is approved by the first sign-in a day after those letters. What a
role begins as decides, not what is left of it. Accounts that the operator opens,
an organisation's first ones among them, wait for nobody. Whoever waits when a backup is
restored waits afterwards, too.
"""
SUBJECTS = """\
## What somebody gets who asks what we hold about him

By himself he gets the rows that name him alone: his own entry, his consents, his nights, what was
done for nobody else. The file of a family goes by itself to its mother or carer alone: she belongs
to it now, nobody else was ever its mother or carer, and it is she who asks. Even she is given what
was done for another adult by a human's word only.

To everybody else, every row that is about the family as a whole is kept back, unless the privacy
officer gives it out, row by row: the case number, stays and decisions about them, services, needs,
episodes, referrals, documents, who accompanies. What was written in such a row is read after that.
What reaches into the time after he left, the day of leaving included, is not even offered to the
officer; his own nights end on that day, and of the looks he is told those while he belonged.
Whoever asks for somebody else, a parent for a child too, gets no consents, nights or telephone
without such a word.

How we came to a decision goes to nobody: neither what an incident's desk noted about him nor that
somebody else asked about him. Whether it is safe to call him is our judgement and goes out by a
human's word; kept back, it leaves no mark.

Once a file was handed out, no decision about it is changed until somebody says why it is made anew.
Every decision stands in the records with the place it is about and who made it, and every file with
how much went out and a mark (SHA-256) of exactly which fields, each with who released it.

Why: GDPR art. 15(4) and 152-FZ art. 14(8)(4) end the right of access at the rights and freedoms of
others. A request is a way to ask where she is now. The file says so in the same words whether or
not anything was kept back. How it is read off the register: `docs/adr/0013-erasing-by-key.md`.
"""
ROUTES = """\
## Which page asks for which permission

Pages that are open to everybody stand in `tests/architecture/test_guards.py`. What stands behind
"and" is needed besides: whatever takes data out of the service in a workbook or a person's whole
file asks for `exports.make`, and a key for programs reads only as long as its owner holds
`tokens.use`.
"""


@dataclass(frozen=True)
class Route:
    """A method and an address with what they ask for: of people, and besides of programs."""

    method: str
    address: str
    guard: str
    also: tuple[Permission, ...] = ()
    of_programs: tuple[Permission, ...] = ()

    @property
    def asks(self) -> str:
        """The permissions as they stand in the table."""
        people = " and ".join(f"`{one}`" for one in (self.guard, *self.also))
        programs = "".join(f"; a key also `{one}`" for one in self.of_programs)
        return people + programs


def markdown(routes: Iterable[Route]) -> str:
    """The whole document."""
    roles = list(Role)
    may = [
        [f"`{permission}`", *(_scope(POLICY[role].scopes.get(permission)) for role in roles)]
        for permission in Permission
    ]
    reads = [
        [f"`{one}`", *("yes" if one in POLICY[role].fields else "" for role in roles)]
        for one in FieldClass
    ]
    bounds = [[f"`{one}`", f"`{reading}`"] for one, reading in READ_BY.items()]
    hands_out = [
        [f"`{role}`", ", ".join(f"`{one}`" for one in Role if one in POLICY[role].grants)]
        for role in roles
        if POLICY[role].grants
    ]
    guards = [
        [f"`{route.method} {route.address}`", route.asks]
        for route in sorted(routes, key=lambda route: (route.address, route.method))
    ]
    names = [str(role) for role in roles]
    return (
        "\n".join(
            [
                INTRODUCTION,
                "## What a role may do\n",
                _table(["permission", *names], may),
                WRITING,
                _table(["permission", "counts no further than"], bounds),
                READING,
                _table(["kind of data", *names], reads),
                HANDING_OUT,
                _table(["role", "may hand out"], hands_out),
                SUBJECTS,
                ROUTES,
                _table(["page", "permission"], guards),
            ]
        ).rstrip()
        + "\n"
    )


def _scope(scope: Scope | None) -> str:
    return str(scope) if scope else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
