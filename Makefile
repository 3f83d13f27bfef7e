# Every task of the project, for people, for pre-commit and for CI alike. `make` alone explains them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
# Compiled modules are kept, whatever the shell says: every process that is started here imports a lot.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
COMPILE := --quiet --universal --generate-hashes --no-emit-index-url
RUN ?=
LOCK ?=
TESTS ?= tests/integration tests/browser
BENCH ?=
DATA ?=

SOURCES := $(wildcard config domain detectors notices ledger stores streams console embedded benchmarks) tests/support tests/conftest.py worker.py

.PHONY: help setup dev run test test-unit bench bench-notices bench-quality lint format types schemas docs locales approved lock ci clean

help: ## this list
	@echo 'Vigil: an account watch for crypto exchanges. It needs Python 3.11, 3.12 or 3.13, and make.'
	@echo
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo '  RUN="--seconds 60 --fresh" make run     options of `python worker.py run`'
	@echo '  TESTS=tests/browser make test           a part of the tests, after the unit tests'
	@echo '  BENCH=--quick make bench                options of the benchmark; DATA=... for bench-quality: docs/quality.md'

setup: $(VENV)/.ready ## makes .venv with the locked dependencies (done by the others when needed)

run: $(VENV)/.ready ## Vigil with a simulated exchange on this machine; Ctrl-C ends it
	@exec $(BIN)/python worker.py run $(RUN)

dev: $(VENV)/.ready-dev ## setup, and the tools for tests and checks

test: $(VENV)/.ready-dev ## every test: unit, integration, browser
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal tests/unit
	@# Each part in processes of its own: a browser keeps the event loop that other tests want.
	@# Integration waits for processes that start and end, so that a third one finds room on two cores; browsers wait for nothing.
	for part in $(TESTS); do abreast=3; [[ $$part != *browser* ]] || abreast=2; \
	 $(BIN)/python -m pytest --numprocesses $$abreast --dist worksteal $$part; done

test-unit: $(VENV)/.ready-dev ## the quick unit tests, half a minute; they need nothing running
	@# Neighbours stay together: what a file or a room sets up, one process sets up.
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal -m 'not slow' tests/unit

bench: $(VENV)/.ready-dev $(VENV)-bench/.ready ## measures speed, latency and memory, and prints how
	$(BIN)/python -m benchmarks $(BENCH)

bench-notices: $(VENV)/.ready-dev ## measures notices: composing, mails and texts a second, outages, kills; BENCH=--quick shows that it runs
	$(BIN)/python -m benchmarks.notices $(BENCH)

bench-quality: $(VENV)/.ready-dev $(VENV)-bench/.ready ## measures what is noticed, and how often honest people are disturbed
	$(BIN)/python -m benchmarks.exchange_quality $(BENCH)
	$(BIN)/python -m benchmarks.login_risk --output benchmarks/results/login-risk.json
	$(BIN)/python -m benchmarks.poisoning --keep benchmarks/results/poisoning.json
	$(VENV)-bench/bin/python -m benchmarks.drift --users 800 --addresses 1600 --weeks 13 --python $(BIN)/python \
	 --keep benchmarks/results/drift.json
	@if [ -z "$(DATA)" ]; then \
	 echo 'The step over the Fraud Detection Handbook was left out: DATA=transactions.parquet make bench-quality. docs/quality.md says what that is.'; \
	 else set -x; $(VENV)-bench/bin/python -m benchmarks.handbook --data "$(DATA)" --output var/handbook --python $(BIN)/python \
	 --keep benchmarks/results/handbook.json; fi

lint: $(VENV)/.ready-dev ## style, format, import arrows, detector cases
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/python worker.py detectors test
	$(BIN)/python worker.py locales check

format: $(VENV)/.ready-dev ## rewrites the code in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.ready-dev ## checks the types, strictly where the rules live
	$(BIN)/mypy $(SOURCES)

schemas: $(VENV)/.ready ## writes docs/schemas/ from the event structs
	$(BIN)/python worker.py schemas

docs: $(VENV)/.ready ## writes docs/detectors/ from the detectors' .yml files
	$(BIN)/python worker.py detectors docs

locales: $(VENV)/.ready ## collects the texts to translate into notices/locale/ and checks every language
	$(BIN)/python worker.py locales extract
	$(BIN)/python scripts/inbox_words.py
	$(BIN)/python worker.py locales check

approved: $(VENV)/.ready ## signs the words of the notices as they are now for the next release: notices/templates/APPROVED
	$(BIN)/python -m notices.compose.sign

lock: $(VENV)/.uv ## renews the locks from pyproject.toml (hashes, no host names); LOCK=--upgrade takes newer versions
	$(UV) pip compile $(COMPILE) $(LOCK) pyproject.toml -o requirements.lock
	$(UV) pip compile $(COMPILE) $(LOCK) --group dev pyproject.toml -c requirements.lock -o requirements-dev.lock
	$(UV) pip compile $(COMPILE) $(LOCK) --group bench pyproject.toml -o requirements-bench.lock

ci: ## what CI runs, here: installs what tests need beyond Python (Debian, Ubuntu), then make lint types test
	bash .ci/run

clean: ## removes .venv, caches and the data of `make run`
	rm -rf $(VENV) $(VENV)-bench var .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .kafka
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- how .venv comes about ---------------------------------------------------------------------------------------------
# What a start imports is compiled once, also where Python is told not to: else each of the five processes compiles it at each start.
COMPILED := PYTHONDONTWRITEBYTECODE= $(BIN)/python -W ignore -c 'import console.serve, embedded.run, streams.detect, streams.notify'

# Stamps say what .venv holds. Syncing the run-time lock would remove the tools again, so a .venv with tools keeps them.

$(VENV)/.uv: requirements-uv.lock scripts/make-venv
	@scripts/make-venv $(VENV) requirements-uv.lock
	@touch $@

$(VENV)/.ready: requirements.lock $(VENV)/.uv
	@if [ -e $(VENV)/.ready-dev ]; then lock=requirements-dev.lock; else lock=$<; fi; \
	 echo "installing $$lock into $(VENV)"; $(UV) pip sync --quiet --python $(BIN)/python --require-hashes "$$lock"
	@$(COMPILED)
	@touch $@

$(VENV)/.ready-dev: requirements-dev.lock requirements.lock $(VENV)/.uv
	@echo "installing $< into $(VENV)"; $(UV) pip sync --quiet --python $(BIN)/python --require-hashes $<
	@$(COMPILED)
	@touch $(VENV)/.ready $@

# Quix Streams, which the benchmark compares with, brings a Kafka client of its own: it stays out of .venv.
$(VENV)-bench/.ready: requirements-bench.lock $(VENV)/.uv
	@echo "installing $< into $(VENV)-bench"; $(UV) venv --quiet --clear --python $(BIN)/python $(VENV)-bench
	@$(UV) pip sync --quiet --python $(VENV)-bench/bin/python --require-hashes $<
	@touch $@
