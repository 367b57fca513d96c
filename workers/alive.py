"""Answers a probe without loading the application: `python -m workers.alive money`."""

import sys

from workers.beats import is_alive

if __name__ == "__main__":
    sys.exit(0 if is_alive(sys.argv[1]) else 1)
