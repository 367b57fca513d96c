"""The chain of records is whole after a restore, with the links from before there was a salt."""

from psycopg import sql
from sqlalchemy import select

from hearth.audit.chain import BEGINNING, hash_of
from hearth.audit.models import AuditEvent
from hearth.audit.verification import verify
from tenants import backups, provisioning, restoring
from tenants.context import tenant_session
from tests.factories.families import open_family
from tests.hearth.safekeeping.conftest import House


def without_salt(house: House, slug: str) -> int:
    """Write the chain as a release did that knew no salt; how many links it has."""
    organisation, previous = house.organisation(slug), BEGINNING
    with tenant_session(organisation) as session:
        events = list(session.scalars(select(AuditEvent).order_by(AuditEvent.seq)))
        session.expunge_all()
    statement = sql.SQL(
        "UPDATE {}.audit_events SET salt = NULL, hash = %s, previous_hash = %s WHERE seq = %s"
    ).format(sql.Identifier(organisation.schema_name))
    for event in events:
        event.salt = None
        made = hash_of(event, previous)
        house.home.execute(statement, (made, previous, event.seq))
        previous = made
    return len(events)


def test_a_chain_that_began_without_salt_comes_back_whole_and_goes_on(
    house: House, passing: str
) -> None:
    old = without_salt(house, passing)
    with tenant_session(house.organisation(passing)) as session:
        open_family(session)
    made = backups.back_up(house.home, house.settings, house.keys, passing)
    provisioning.set_state(house.home, passing, before="active", after="suspended")

    restoring.restore(house.home, house.settings, house.keys, passing, made.folder)

    provisioning.set_state(house.home, passing, before="suspended", after="active")
    with tenant_session(house.organisation(passing)) as session:
        open_family(session)
    with tenant_session(house.organisation(passing)) as session:
        salts = session.scalars(select(AuditEvent.salt).order_by(AuditEvent.seq)).all()
        verdict = verify(session, house.settings)
    assert verdict.is_whole
    assert verdict.events == len(salts) > old > 0
    assert [salt is None for salt in salts] == [seq < old for seq in range(len(salts))]
