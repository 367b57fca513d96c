"""How gunicorn serves the pages: processes and threads, limits on what a client may send."""

import os
from pathlib import Path

# A worker that holds many requests waits for PostgreSQL, not for the processor: threads suit that.
# Ours is gunicorn's own with threads, which ends requests that arrive too slowly.
worker_class = "config.patience.PatientWorker"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("HEARTH_WEB_THREADS", "8"))
bind = os.environ.get("HEARTH_WEB_BIND", "127.0.0.1:8000")
backlog = 512
# Each worker loads the application itself, so that none inherits a connection of another.
preload_app = False

# A statement may take 30 seconds at most (a setting of each role); a thread that takes much longer
# is stuck. Loading the application counts too, on a small machine that starts everything at once.
# On a deploy, requests under way get the time to finish.
timeout = 120
graceful_timeout = 30
keepalive = 5
# Workers are renewed now and then, never all at once, so that no slow leak matters.
max_requests = 20_000
max_requests_jitter = 2_000
# The heartbeat file must not lie on a disk that can stall.
memory_directory = Path("/dev/shm")  # noqa: S108 - gunicorn makes a file of its own in it.
worker_tmp_dir = str(memory_directory) if memory_directory.is_dir() else None

limit_request_line = 4094
limit_request_fields = 60
limit_request_field_size = 8190

# Only these may say which scheme and client a request came from; "*" is never right.
forwarded_allow_ips = os.environ.get("HEARTH_PROXY_ADDRESSES", "127.0.0.1")

# The service logs its requests itself, by route: a path holds families' ids and donors' links.
accesslog = None
errorlog = "-"
loglevel = "info"
# What gunicorn says of a request it cannot read would quote it; so its lines pass the same list.
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "config.logs.formatter"}},
    "handlers": {
        "lines": {
            "class": "logging.StreamHandler",
            "formatter": "lines",
            "stream": "ext://sys.stderr",
        }
    },
    "root": {"level": "WARNING", "handlers": ["lines"]},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": ["lines"], "propagate": False},
        "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
    },
}
# No proxy of ours moves the service to another path, so nobody else may either.
forwarder_headers = ""
proc_name = "hearth-web"
# Deployments are managed from outside; a socket in somebody's home directory helps nobody.
control_socket_disable = True
