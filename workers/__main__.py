"""The workers' own door: `python -m workers worker money`."""

import argparse
import sys

from config.logs import configure_logging
from config.sentry import configure_sentry
from config.settings import MissingSettingError, Settings
from hearth.jobs import Queue
from tenants.context import configure, error_destination
from workers import aggregates, queues, schedule


def main() -> int:
    """Run one of the background processes until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m workers")
    parser.add_argument("command", choices=["worker", "scheduler", "publish"])
    parser.add_argument("queue", nargs="?", choices=[queue.value for queue in Queue])
    arguments = parser.parse_args()
    try:
        settings = Settings.from_env()
    except MissingSettingError as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    configure_logging()
    configure_sentry(settings, integrations=("rq",), destination=error_destination)
    if arguments.command == "worker":
        queues.run_worker(settings, Queue(arguments.queue))
    elif arguments.command == "scheduler":
        schedule.run_scheduler(settings)
    else:
        configure(settings)
        aggregates.publish_cubes()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
