"""Runs the demo: `python -m hearth.demo`, which `hearth demo` calls."""

import sys

from hearth.demo.runner import run_demo

if __name__ == "__main__":
    raise SystemExit(run_demo(sys.argv[1:]))
