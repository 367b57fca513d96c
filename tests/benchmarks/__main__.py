"""Runs the benchmarks: ``python -m tests.benchmarks [name …]``; prints one table, writes JSON."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable

from tests.benchmarks import (
    connections,
    cubes,
    drain,
    enumeration,
    ingest,
    isolation,
    memory,
    migrating,
    noisy,
    peers,
    policy,
    provisioning,
    sealing,
)
from tests.benchmarks.harness import RESULTS, Laboratory, Row
from tests.benchmarks.report import table
from tests.support.servers import Servers

BENCHMARKS: dict[str, Callable[[Laboratory], Iterable[Row]]] = {
    "isolation": isolation.measure,
    "isolation-1000": isolation.measure_a_thousand,
    "memory": memory.measure,
    "connections": connections.measure,
    "provisioning": provisioning.measure,
    "migrating": migrating.measure,
    "django-tenants": peers.measure,
    "ingest": ingest.measure,
    "drain": drain.measure,
    "cubes": cubes.measure,
    "policy": policy.measure,
    "enumeration": enumeration.measure,
    "noisy": noisy.measure,
    "sealing": sealing.measure,
}


def main() -> int:
    """Run those that are named, or all; the exit code tells whether every target was met."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHMARKS))
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark named {', '.join(sorted(unknown))}")
    servers = Servers()
    rows: list[Row] = []
    try:
        laboratory = Laboratory(servers.start())
        for name in names:
            _say(f"{name} (load of this machine: {os.getloadavg()[0]:.1f}) …")
            rows += BENCHMARKS[name](laboratory)
    finally:
        servers.stop()
    _say("")
    sys.stdout.write(f"{table(rows)}\n")
    _keep(rows)
    return 0 if all(row.met is not False for row in rows) else 1


def _keep(rows: list[Row]) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    moment = time.strftime("%Y%m%dT%H%M%S")
    document = {"at": moment, "load": os.getloadavg(), "rows": [row.to_plain() for row in rows]}
    path = RESULTS / f"{moment}.json"
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False))
    _say(f"Kept in {path}.")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    raise SystemExit(main())
