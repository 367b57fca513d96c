# `make` alone prints what there is. Everything runs from .venv, built from uv.lock.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= $(shell command -v python3.11 || echo python3)
UV_VERSION := 0.13.9
BIN := .venv/bin
TRANSLATIONS := platform/hearth/translations
# On two processors: while one test waits for a browser or a worker, another one goes on.
TEST_PROCESSES ?= 3
ARGS ?=
# uv builds .venv with the Python that made it, and never fetches another.
export UV_PYTHON_DOWNLOADS := never
# The service is many processes: each would compile all it imports anew where the machine forbids to
# keep what Python compiles.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/var/bytecode

catalogues := $(wildcard $(TRANSLATIONS)/*/LC_MESSAGES/messages.po)

.PHONY: help
help: ## Print this list
	@echo "Usage: make <target>   (ARGS=... is handed on to demo, test, bench and chaos)"
	@echo
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install: .venv/installed ## Install everything the lock file names into .venv

.venv/uv-$(UV_VERSION):
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
		echo "Python 3.11, 3.12 or 3.13 is needed. On Debian: apt-get install python3 python3-venv" >&2; \
		echo "Another one can be chosen with make PYTHON=/path/to/python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments yet. On Debian: apt-get install python3-venv" >&2; \
		exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	touch $@

.venv/installed: .venv/uv-$(UV_VERSION) uv.lock pyproject.toml
	$(BIN)/uv sync --frozen --quiet
	touch $@

.PHONY: demo
demo: .venv/installed compile ## Run the whole service with sample data on this machine; Ctrl-C stops it
	@exec $(BIN)/python -m hearth.demo $(ARGS)

.PHONY: demo-reset
demo-reset: .venv/installed compile ## Throw the demo's data away and run it anew
	@exec $(BIN)/python -m hearth.demo --reset $(ARGS)

.PHONY: test
test: .venv/installed compile ## Run every test; the browser tests where Chromium is present
	@if ! command -v chromium >/dev/null; then \
		if [ "$${HEARTH_REQUIRE_BROWSER:-}" = 1 ]; then \
			echo "Chromium is not installed, and HEARTH_REQUIRE_BROWSER=1 refuses to skip the browser tests." >&2; \
			exit 1; \
		fi; \
		echo "Chromium is not installed: the browser tests are skipped (apt-get install chromium)."; \
	fi
	$(BIN)/pytest -n $(TEST_PROCESSES) $(ARGS)

.PHONY: check
check: .venv/installed ## Everything a change must pass: lint, format, types, floors, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) --no-print-directory test

.PHONY: bench
bench: .venv/installed compile ## Measure against direct SQL and django-tenants; prints a table
	$(BIN)/python -m tests.benchmarks $(ARGS)

.PHONY: mutate
mutate: .venv/installed compile ## Take every guard away, one at a time; the tests must notice each
	$(BIN)/pytest -n $(TEST_PROCESSES) --dist=load -q tests/security/matrix/mutations.py $(ARGS)

.PHONY: chaos
chaos: .venv/installed compile ## Deliver 2,000 webhooks while workers, queue and database are killed
	$(BIN)/python -m tests.benchmarks.chaos $(ARGS)

.PHONY: translations
translations: .venv/installed ## Collect new texts into the catalogues of all languages, then compile
	$(BIN)/pybabel extract -F pyproject.toml -k _l -k lazy_gettext -k lazy_ngettext:1,2 --no-location --sort-output \
		-o $(TRANSLATIONS)/messages.pot platform config tenants workers
	$(BIN)/pybabel update -i $(TRANSLATIONS)/messages.pot -d $(TRANSLATIONS) --no-fuzzy-matching --ignore-pot-creation-date
	$(MAKE) --no-print-directory compile

.PHONY: compile
compile: .venv/installed $(catalogues:.po=.mo) ## Compile the translations that changed

%.mo: %.po
	$(BIN)/pybabel compile -i $< -o $@

.PHONY: format
format: .venv/installed ## Format the code and repair what can be repaired
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: lock
lock: .venv/installed ## Bring uv.lock up to date with pyproject.toml
	$(BIN)/uv lock
