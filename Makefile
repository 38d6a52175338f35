# One target per intention. Every target sets up what it needs: git, make and Python 3.11 are enough.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=

# What a simulation is made of. Tests of commands, studies and reports show nothing new on compiled modules; test_booking replaces
# functions of one, which compiled callers do not notice.
ON_COMPILED := $(patsubst %,tests/simulation/%,bots experiments $(patsubst %,test_%.py,agent background conservation containment \
	day determinism hearing hot_modules kernel latency native phases ready_scenarios run_quietly))

BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
# Tests start hundreds of venues: each would compile every module again.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help setup demo test compiled nightly torture lint format types docs bench ci clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Make the virtual environment

# Installed anew whenever pyproject.toml changes; the mark is written last, so that a failed try is tried again.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Tontine needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 | head -n 1)." >&2; \
	  echo "Name another one: make $(or $(MAKECMDGOALS),setup) PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
	  echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Setting up $(VENV) (once, and after changes of pyproject.toml) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(READY) ## A venue and its traders for half a minute; ARGS="--seconds 8"
	@$(BIN)/tontine demo $(ARGS)

test: $(READY) ## All tests; ARGS="tests/protocol -k heartbeat"
ifdef ARGS
	@$(BIN)/python -m pytest $(ARGS)
else
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not nightly and not alone"
	@$(BIN)/python -m pytest -m alone $$(grep -rl --include='test_*.py' 'pytest\.mark\.alone' tests) # to collect all takes as long as some tests
endif

compiled: $(READY) ## Compile the simulation, then its tests on compiled modules; three minutes. Needs gcc and python3-dev
	@$(BIN)/tontine compile
	@TONTINE_COMPILED=1 $(BIN)/python -m pytest -n 2 --dist worksteal -m "not nightly and not alone" $(or $(ARGS),$(ON_COMPILED))

nightly: $(READY) ## Ten million commands beside a model of the rules, about an hour; NIGHTLY_OPERATIONS=1_000_000
	@$(BIN)/python -m pytest -m nightly $(ARGS)

torture: $(READY) ## 200 kills of a venue and cuts of its lines while 50 accounts trade, about ten minutes; ARGS="--seed 2"
	@$(BIN)/python -m tests.torture $(ARGS)

lint: $(READY) ## Find mistakes of style
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(READY) ## Put style right
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(READY) ## Check the types of code and tests
	@$(BIN)/mypy

docs: $(READY) ## Make the generated parts of the docs anew
	@$(BIN)/tontine schema --update docs/reference/protocol.md
	@$(BIN)/python -m tests.support.included --update docs/from-yield-to-await.md
	@$(BIN)/python -m tests.conformance.pairs --update docs/reference/runtimes.md
	@$(BIN)/python -m tests.support.catalogue_pages --update
	@$(BIN)/python -m tests.support.scenario_pages --update

bench: $(READY) ## Measure
	@$(BIN)/tontine bench $(ARGS)

ci: ## What the gate runs
	@.ci/run

clean: ## Remove everything that was made
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
