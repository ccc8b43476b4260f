# Every command of the project.  `make` alone lists them.

PYTHON ?= python3
PORT ?= 8080
SUITE ?=
NAMES ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
# A lock file names everything, so nothing is resolved: older versions of pip would otherwise want a
# release that is newer than the locked one for `coverage[toml]`, and stop.
LOCKED := $(PIP) --require-hashes --no-deps

# Stamps, newest last: a target is done again when what it was made from has changed.
MADE := $(VENV)/.made
RUNTIME := $(VENV)/.runtime
EMBEDDED := $(VENV)/.embedded
DEVELOPMENT := $(VENV)/.development
CLIENTS := tests/js/node_modules/.installed

LOCK := $(BIN)/uv pip compile pyproject.toml - --quiet --universal --python-version 3.11 \
	--generate-hashes --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)
# What builds the project itself, so that nothing is downloaded without a hash.
BUILD_NEEDS := printf 'hatchling>=1.27\neditables>=0.5\n'

# Compiled modules are kept wherever `make` starts Python: without, every command compiles anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo test test-external check mutants bench schema docs lock clean clients redis mitmproxy tryton judges

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

install: $(DEVELOPMENT) $(EMBEDDED) ## make .venv with all it takes to run and to develop

demo: $(RUNTIME) $(EMBEDDED) ## start everything with invented customers; PORT=8080 moves it
	@$(BIN)/profile-gateway demo --port $(PORT)

test: install clients tryton redis mitmproxy judges ## run every test and hold the coverage gates
	$(BIN)/python -m pytest -m 'not external' -n 2 --dist loadfile --cov --cov-report= --durations=10
	$(BIN)/python -m coverage report --fail-under=90
	$(BIN)/python -m coverage report --fail-under=100 --include='policies/*,graph/model/*'

test-external: install ## run the tests that need a MongoDB replica set, named by MONGODB_URI
	@test -n "$$MONGODB_URI" || { echo "Set MONGODB_URI to a MongoDB replica set first."; exit 1; }
	$(BIN)/python -m pytest -m external tests/external

check: $(DEVELOPMENT) ## format, lint, types, import contracts, schema drift, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/house

mutants: install clients ## break each guard in turn and see that a test notices; NAMES=... some
	$(BIN)/python -m tests.mutants $(NAMES)

bench: install clients ## benchmarks side by side; SUITE=graphql runs one
	$(BIN)/python -m tests.bench $(SUITE)

schema: $(RUNTIME) ## write schema.graphql anew
	@$(BIN)/profile-gateway schema > schema.graphql.new || { rm -f schema.graphql.new; exit 1; }
	@mv schema.graphql.new schema.graphql

docs: $(RUNTIME) ## write the settings table of app/README.md anew
	@$(BIN)/python -m tests.house.settings_table

lock: $(DEVELOPMENT) ## write the lock files anew; UPGRADE=1 takes newer versions
	@$(BUILD_NEEDS) | $(LOCK) --extra demo --extra resolve --extra dev --output-file requirements-dev.lock
	@$(BUILD_NEEDS) | $(LOCK) --extra demo --constraint requirements-dev.lock \
		--no-annotate --output-file requirements.lock

clean: ## remove what make made, the demo's data excepted
	rm -rf $(VENV) .tools .bench .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache \
		.import_linter_cache tests/js/node_modules

$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
		echo "Profile Gateway needs Python 3.11, 3.12 or 3.13, and '$(PYTHON)' is not one of them."; \
		echo "Name one that is: make install PYTHON=python3.12"; \
		exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
		echo "Python could not make a virtual environment."; \
		echo "On Debian and Ubuntu: apt install python3-venv"; \
		exit 1; }
	@touch $@

$(RUNTIME): $(MADE) requirements.lock pyproject.toml
	@echo "Installing the gateway ..."
	@$(LOCKED) -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEVELOPMENT): $(RUNTIME) requirements-dev.lock
	@echo "Installing the tools of development ..."
	@$(LOCKED) -r requirements-dev.lock
	@touch $@

# Not in the lock files: pyproject.toml says why.  A machine without it can use a MongoDB server.
$(EMBEDDED): $(RUNTIME)
	@echo "Installing the embedded document server ..."
	@if $(PIP) "$$($(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["embedded"])')"; \
	then touch $@; \
	else \
		echo "The embedded document server (SecantusDB) can't be had here; all else is installed."; \
		echo "Name a MongoDB server in GATEWAY_STORE__URI instead, or try again later."; \
	fi

clients:
	@if command -v npm > /dev/null; then $(MAKE) --silent --no-print-directory $(CLIENTS); \
	else echo "Node.js and npm are not here: tests of JavaScript clients will be skipped."; fi

$(CLIENTS): tests/js/package.json tests/js/package-lock.json
	@echo "Installing JavaScript clients ..."
	@cd tests/js && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

redis:
	@command -v redis-server > /dev/null \
		|| RUNLEVEL=1 apt-get install --yes --no-install-recommends redis-server > /dev/null 2>&1 \
		|| echo "Redis can't be had here: tests of the shared cache will be skipped." \
			"On Debian and Ubuntu: apt install redis-server"

mitmproxy: $(DEVELOPMENT)
	@$(BIN)/python -m tests.support.chaos \
		|| echo "mitmproxy can't be had here: tests of a CRM in chaos will be skipped."

tryton: $(DEVELOPMENT)
	@$(BIN)/python -m tests.support.tryton install

# 233 MB: other people's clients for CRMs that can't be run here, and what they want.
judges: $(DEVELOPMENT)
	@$(BIN)/python -m tests.support.judges install
