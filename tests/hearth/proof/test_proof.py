"""The proof runs against pages that really answer over the network, and a missing wall is seen."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
from flask_babel import force_locale
from psycopg import sql
from werkzeug.serving import make_server

from config.settings import Settings
from hearth.app import create_app
from hearth.cli_isolation import write
from hearth.proof.belongings import OBJECTS
from hearth.proof.doors import Door, Visitor
from hearth.proof.houses import probe_houses
from hearth.proof.report import PROMISES, report
from hearth.proof.services import Proof, prove
from hearth.proof.walk import attack_by_sql, walk_ids, walk_pages
from hearth.web.request import HearthFlask
from tenants import context
from tenants.context import Runtime, tenant_session
from tenants.engines import Engines
from tenants.probes import ATTACKS, probe, probe_other_databases
from tenants.registry import Registry
from tests.factories.families import open_family
from tests.isolation import belongings
from tests.support.servers import Addresses, copy_template, drop_database, settings_for

Owner = psycopg.Connection[tuple[object, ...]]


@dataclass
class Running:
    """An installation whose pages answer on a port of this machine."""

    settings: Settings
    home: Owner
    app: HearthFlask
    runtime: Runtime
    url: str

    def prove(self) -> Proof:
        return prove(self.home, self.settings, self.app, url=self.url, patience=0)


@pytest.fixture(scope="module")
def running(addresses: Addresses, worker: str) -> Iterator[Running]:
    database = copy_template(addresses, f"proof_{worker}")
    settings = settings_for(addresses, database, HEARTH_ROLE_PREFIX=f"{worker}i_")
    engines = Engines(settings)
    registry = Registry(engines.platform, base_domain=settings.base_domain, seconds=0)
    runtime = context.install(Runtime(settings, engines, registry))
    app = create_app(settings)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    pages = threading.Thread(target=server.serve_forever)
    pages.start()
    with psycopg.connect(settings.owner_database_url or "", autocommit=True) as home:
        with tenant_session(registry.get("spb")) as session:
            open_family(session)
        yield Running(settings, home, app, runtime, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    pages.join()
    server.server_close()
    engines.dispose()
    drop_database(addresses, database)


@pytest.fixture(autouse=True)
def in_place(running: Running) -> None:
    context.install(running.runtime)


@pytest.fixture(scope="module")
def proof(running: Running) -> Proof:
    context.install(running.runtime)
    return running.prove()


def test_nothing_gets_through_and_every_kind_of_attempt_was_made(proof: Proof) -> None:
    assert proof.surprises == []
    assert {one.name for one in proof.findings} == set(PROMISES)
    assert all(one.tried > 0 for one in proof.findings)
    assert proof.tried > 600


def test_the_probe_organisations_are_gone_afterwards(running: Running, proof: Proof) -> None:
    assert proof.organisations == ("pskov", "spb")
    assert {one.slug for one in running.runtime.registry.all_active()} == {"pskov", "spb"}
    assert (
        running.home.execute(
            "SELECT 1 FROM shared.organisations WHERE slug LIKE 'probe-_'"
        ).fetchall()
        == []
    )


def test_every_id_that_stands_in_an_address_has_a_sample(proof: Proof) -> None:
    assert set(OBJECTS) == set(belongings.OBJECTS)
    assert proof.left_out == ()


def test_the_report_tells_what_was_tried_and_its_signature_holds(
    running: Running, proof: Proof, tmp_path: Path
) -> None:
    with running.app.app_context(), force_locale("en"):
        write(proof, running.settings, tmp_path, lang="en")

    pdf, text, facts = (next(tmp_path.glob(f"*.{kind}")) for kind in ("pdf", "md", "json"))
    kept = json.loads(facts.read_text())
    assert pdf.read_bytes().startswith(b"%PDF")
    assert "None succeeded" in text.read_text()
    assert kept["signature"] in text.read_text()
    assert kept["signature"] == proof.signature(running.settings)
    assert json.loads(kept["facts"])["organisations"] == ["pskov", "spb"]


def test_a_grant_too_many_turns_the_proof_red(running: Running, proof: Proof) -> None:
    both = running.runtime.registry.all_active()
    pskov, spb = (organisation.schema_name for organisation in both)
    names = {"theirs": sql.Identifier(pskov), "role": sql.Identifier(spb)}
    running.home.execute(sql.SQL("GRANT USAGE ON SCHEMA {theirs} TO {role}").format(**names))
    running.home.execute(sql.SQL("GRANT SELECT ON {theirs}.users TO {role}").format(**names))

    broken = replace(proof, findings=tuple(attack_by_sql(running.settings, both)))

    running.home.execute(sql.SQL("REVOKE ALL ON {theirs}.users FROM {role}").format(**names))
    running.home.execute(sql.SQL("REVOKE ALL ON SCHEMA {theirs} FROM {role}").format(**names))
    assert any("qualified name" in what for what in broken.surprises)
    assert all(what.startswith("SQL under each role") for what in broken.surprises)
    assert broken.signature(running.settings) != proof.signature(running.settings)
    with running.app.app_context(), force_locale("en"):
        told = report(broken, lang="en", signature="x").to_markdown()
    assert "NOT PROVEN" in told
    assert "qualified name" in told


def test_a_database_of_the_server_that_is_open_to_everybody_turns_the_proof_red(
    running: Running,
) -> None:
    spb = running.runtime.registry.get("spb")
    name = f"{running.settings.role_prefix}open"
    running.home.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    tried = {one.against: one.got_through for one in probe_other_databases(running.settings, spb)}

    running.home.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
    assert tried[name]
    assert not tried["postgres"]
    assert not tried["template1"]


def test_a_page_that_opens_for_an_id_it_should_not_know_turns_the_proof_red(
    running: Running,
) -> None:
    doors = [Door("GET", "/families/<uuid:household_id>")]

    with probe_houses(running.home, running.settings, patience=0) as (first, second):
        host = f"{first.organisation.slug}.{running.settings.base_domain}"
        visitor = Visitor(running.app, running.url, host=host, token=first.token)
        # What would be seen if the other's family could be opened: here it is one's own.
        opened = walk_ids(visitor, doors, first, replace(second, ids=first.ids))
        _, shown = walk_pages(visitor, doors, first, replace(second, canary=first.canary))

    assert opened.surprises == ["GET /families/<uuid:household_id> with another's household_id"]
    assert shown.surprises == ["GET /families/<uuid:household_id>"]


def test_an_attack_that_gets_through_leaves_nothing_behind(running: Running) -> None:
    spb = running.runtime.registry.get("spb").schema_name
    before = running.home.execute(
        sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(spb, "users"))
    ).fetchone()

    # The owner of everything may do everything: each attack succeeds, and is undone.
    with psycopg.connect(running.settings.owner_database_url or "") as owner:
        some = {name: ATTACKS[name] for name in ("truncate", "qualified write", "new role")}
        tried = list(probe(owner, some, mine="nobody", theirs=spb))

    assert all(one.got_through for one in tried)
    assert (
        running.home.execute(
            sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(spb, "users"))
        ).fetchone()
        == before
    )
    assert running.home.execute("SELECT 1 FROM pg_roles WHERE rolname = 'trap'").fetchall() == []
