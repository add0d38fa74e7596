# Two commands do everything on a fresh machine: `make demo` and `make test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 2
LOCK_FLAGS := --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --universal --no-annotate --quiet
RUNTIME_STAMP := .venv/.runtime
DEV_STAMP := .venv/.dev
SPARK_STAMP := .venv/.spark

.PHONY: help setup setup-dev setup-spark browser pictures demo test test-nights test-faults test-spark soak check licences vulnerabilities fix bench bench-large at-risk lock clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(RUNTIME_STAMP) ## Install what the product needs into .venv, from the lock
setup-dev: $(DEV_STAMP) ## Install what tests and checks need on top

# uv installs the hashed lock about ten times faster than pip; where it cannot reach the registry that pip
# is configured for, pip itself does the same work. Bytecode is compiled now: without it every process of a machine
# that forbids writing it spends seconds on compiling SQLMesh.
define install
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.lock
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r $(1) \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m api.vendor
endef

$(RUNTIME_STAMP): requirements-setup.lock requirements.lock pyproject.toml
	$(call install,requirements.lock)
	@touch $@

$(DEV_STAMP): requirements-setup.lock requirements-dev.lock pyproject.toml
	$(call install,requirements-dev.lock)
	@touch $(RUNTIME_STAMP) $@

setup-spark: $(SPARK_STAMP) ## Install the extra `spark` on top: pyspark, a Java if there is none, Iceberg's jar
$(SPARK_STAMP): requirements-spark.lock $(DEV_STAMP)
	$(call install,requirements-spark.lock)
	@touch $@

demo: setup ## Real data in a real PostgreSQL, one whole nightly build, then the API and the dashboard
	@$(BIN)/schoolhouse demo

# The tests of the dashboard drive a real browser. Where none is to be had they are skipped and say so, unless
# SCHOOLHOUSE_REQUIRE_BROWSER is set, as CI does.
browser: setup-dev ## Install a Chromium for the dashboard's tests and pictures, unless there is one
	@$(BIN)/python -m tests.dashboard.browser >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
		&& apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; } || true
	@$(BIN)/python -m tests.dashboard.browser || test -z "$$SCHOOLHOUSE_REQUIRE_BROWSER"

pictures: setup-dev browser ## Take the pictures of docs/ from a demo of its own
	@$(BIN)/python -m tests.dashboard.pictures

test: setup-dev browser ## Run the tests, with coverage, by WORKERS processes; long nights and kills have a target of their own
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --cov --cov-report= -m 'not slow and not spark and not fault'
	@$(BIN)/python -m tests.coverage_gate

test-nights: setup-dev ## Nights in a row, and runs and erasures killed in every step, each compared with a build from scratch
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m 'slow and not fault'

# The full form takes more than an hour and writes docs/faults.md: SCHOOLHOUSE_FAULTS=full make test-faults
test-faults: setup-dev ## Bad days: kills, lost sources, drifts, full disks, damaged files, bad input, slow clients
	@$(BIN)/python -m pytest -n 2 --dist load -m fault tests/faults

test-spark: setup-spark ## The same marts from Spark as from DuckDB, row by row, over several nights; needs no cluster
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m spark tests/spark

check: setup-dev ## Lint, types, import direction, SQL format and lint, generated files; changes nothing
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/sqlmesh format --check
	@$(BIN)/sqlmesh lint
	@$(BIN)/python -m ingest.external_models --check
	@$(BIN)/python -m api.docs --check
	@$(BIN)/python -m api.definitions --check
	@$(BIN)/python -m tests.supply.licences --check
	@$(BIN)/python -m tests.supply.vulnerabilities

licences: setup-dev ## The licences of all dependencies, into docs/licences.md; fails on one that is not allowed
	@$(BIN)/python -m tests.supply.licences

vulnerabilities: setup-dev ## Known vulnerabilities of everything in the locks, offline
	@$(BIN)/python -m tests.supply.vulnerabilities

fix: setup-dev ## Apply what `check` would ask for
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/sqlmesh format
	@$(BIN)/python -m ingest.external_models
	@$(BIN)/python -m api.docs
	@$(BIN)/python -m api.definitions
	@$(BIN)/python -m tests.supply.licences

bench: setup-dev ## Measure ingest, builds, nights and the API; writes docs/benchmarks.md
	@$(BIN)/python -m benchmarks

bench-large: setup-dev ## A night and the API at 1, 10 and 100 million events; an hour and 50 GB, goes on where it was stopped
	@$(BIN)/python -m benchmarks.large

at-risk: setup-dev ## Judge the at-risk flag on generated years with known drop-outs; writes docs/at-risk.md
	@$(BIN)/python -m benchmarks.at_risk

soak: setup-dev ## The API for half an hour at half its highest rate, a publish a minute; writes docs/soak.md
	@$(BIN)/python -m benchmarks.soak

lock: setup-dev ## Resolve pyproject.toml anew into the hashed lock files
	@$(BIN)/uv pip compile pyproject.toml --extra setup --extra demo --extra dev $(LOCK_FLAGS) --upgrade --output-file requirements-dev.lock
	@$(BIN)/uv pip compile pyproject.toml --extra setup --extra demo $(LOCK_FLAGS) -c requirements-dev.lock --output-file requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --extra spark $(LOCK_FLAGS) -c requirements-dev.lock --output-file requirements-spark.lock
	@printf 'setuptools\nuv\n' | $(BIN)/uv pip compile - $(LOCK_FLAGS) -c requirements-dev.lock --output-file requirements-setup.lock

clean: ## Remove everything that was made here, the data included
	@rm -rf .venv build data logs .cache .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
