# Every target does its own set-up. `make` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SPREAD := -n 4 --dist loadscope --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help demo test test-long chaos lint format browser bench components docs pins clean

help:  ## List the targets
	@grep -hE '^[a-z./]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z.\/]+):.*## (.*)/  make \1|\2/' | column -t -s'|'

$(VENV)/.ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv --without-pip $(VENV)
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.txt
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(VENV)/.ready  ## Run the whole loop on the sample company, then serve the dashboard
	@$(BIN)/baton demo
	@if [ -t 0 ] && [ -t 1 ]; then $(BIN)/baton serve; fi

test: $(VENV)/.ready  ## Run the tests (with a browser where one is installed)
	$(BIN)/python -m pytest $(SPREAD) -m "not long"

test-long: $(VENV)/.ready  ## Run the tests that take their time
	$(BIN)/python -m pytest $(SPREAD) -m long

chaos: $(VENV)/.ready  ## The long form of the tests that kill, cut off, fill, stop and damage; most of an hour
	BATON_TEST_KILLS=50 BATON_TEST_FUZZ=1500 BATON_TEST_CHAOS=long $(BIN)/python -m pytest -s \
	  tests/chaos tests/orchestrate/operations/test_approvals.py tests/orchestrate/engine/test_races.py tests/orchestrate/triggers/test_webhook.py \
	  tests/ingest/test_killed_loads.py tests/ingest/test_fuzz.py

# Temporal is measured beside the engine, and installed for that alone. PARTS="mining_flows" names some parts;
# EVENTS=50000000 makes the largest log larger.
$(VENV)/bench/.ready: requirements-bench.txt $(VENV)/.ready
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --require-hashes --no-deps --upgrade --target $(VENV)/bench -r requirements-bench.txt
	@touch $@

bench: $(VENV)/.ready $(if $(PARTS),$(if $(filter engine_temporal,$(PARTS)),$(VENV)/bench/.ready),$(VENV)/bench/.ready)  ## Measure everything beside what it is compared with, and write docs/benchmarks.md
	PYTHONPATH=$(VENV)/bench $(BIN)/python -m benchmarks $(if $(EVENTS),--events $(EVENTS)) $(if $(PARTS),$(PARTS),--page docs/benchmarks.md)

lint: $(VENV)/.ready  ## Check style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.ready  ## Put the code in its one format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

browser:  ## Install Debian's Chromium for the browser tests (needs root)
	apt-get update -qq
	apt-get install -y -qq chromium

components:  ## Build the browser components again (needs node and npm)
	dashboard/components/build.sh

docs: $(VENV)/.ready  ## Write the command reference from the registry
	$(BIN)/python -m docs.write_reference

pins:  ## Resolve the dependencies again into requirements.txt (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet --extra dev pyproject.toml requirements-build.in -o requirements.txt

clean:  ## Remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
