# What a newcomer needs: `make run`, `make test`, `make demo`. Wants Python 3.11+ with venv, and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTANCE := instance
HOST ?= localhost:8000
PURE := tests/policies tests/wire
NODE := tests/scenarios/node tests/peers/fedify
CONFRERE := $(BIN)/confrere
FUZZERS := tests/wire/test_fuzz.py tests/federation/test_fuzzed_inbox.py
LEAKHUNT := tests/scenarios/test_model.py
TIME ?= 300
SEED ?= $(shell date +%s)
run: export CONFRERE_CONFIG = $(INSTANCE)/confrere.toml

.PHONY: run demo test mutants fuzz leakhunt search check bench fmt

# An instance on http://localhost:8000 with an embedded database; the first run prints the owner's sign-in link.
run: $(VENV)/.run $(INSTANCE)/.owner
	@$(CONFRERE) migrate --json >/dev/null
	@$(CONFRERE) serve

$(INSTANCE)/.owner: $(INSTANCE)/confrere.toml
	@$(CONFRERE) member add owner --email owner@localhost --name "Owner" --role admin
	@touch $@

$(INSTANCE)/confrere.toml: | $(VENV)/.run
	@$(CONFRERE) init --host $(HOST) --organisation "Confrère" --development --json >/dev/null

# Three institutions on this machine, one group, one case: who saw what, and why not.
demo: $(VENV)/.run
	@$(CONFRERE) demo

# Everything there is, on both databases; -rs names what was skipped and why. Of what decides and what reads the wire
# every branch is run; measuring that elsewhere too would take a third longer.
test: $(VENV)/.dev $(if $(shell command -v npm),$(NODE:%=%/node_modules/.package-lock.json))
	$(BIN)/pytest -n 2 -rs --cov --cov-report=term-missing:skip-covered --cov-fail-under=100 $(PURE)
	$(BIN)/pytest -n 2 -rs --dist worksteal $(PURE:%=--ignore %)

# Whether each guard of docs/invariants.md is missed by its test when it is taken out of a copy of the tree; with MODEL=1,
# whether sequences of the model test miss those that they are about (tests/mutants/model.py), which takes longer.
mutants: $(VENV)/.dev
	@MODEL=$(MODEL) $(BIN)/python -m tests.mutants

# What hostile peers may write, for TIME seconds (and to the end of the last round), a new seed each round. A failure is
# found again with the SEED that was printed last.
fuzz: $(VENV)/.dev
	@end=$$(($$(date +%s) + $(TIME))); seed=$(SEED); while [ $$(date +%s) -lt $$end ]; do \
	  echo "make fuzz SEED=$$seed"; \
	  CONFRERE_FUZZ=20 $(BIN)/pytest -n 2 -p no:randomly --timeout 1800 --hypothesis-seed=$$seed $(FUZZERS) || exit 1; \
	  seed=$$((seed + 1)); done

# Random sequences of acts among three institutions, against a model of who may see what, likewise.
leakhunt: $(VENV)/.dev
	@end=$$(($$(date +%s) + $(TIME))); seed=$(SEED); while [ $$(date +%s) -lt $$end ]; do \
	  echo "make leakhunt SEED=$$seed"; \
	  CONFRERE_SEQUENCES=20 $(BIN)/pytest -n 2 -p no:randomly --timeout 3600 --hypothesis-seed=$$seed $(LEAKHUNT) || exit 1; \
	  seed=$$((seed + 1)); done

# Every order of messages about memberships, for as many STATES of each large world as there is time for.
STATES ?= 1000000
search: $(VENV)/.dev
	CONFRERE_SEARCH=$(STATES) $(BIN)/pytest -n 2 -p no:randomly --timeout 3600 tests/policies/test_policy_protocol.py

check: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest tests/docs

# The libraries of web apps and of another server, which tests run where there is Node.
%/node_modules/.package-lock.json: %/package-lock.json
	@npm ci --prefix $* --silent
	@touch $@

bench: $(VENV)/.dev
	$(BIN)/python -m bench

fmt: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

$(VENV)/.run: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --quiet --constraint constraints.txt --editable ".[dev]"
	@touch $@ $(VENV)/.run
