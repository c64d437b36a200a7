# Two commands set everything up on a fresh machine: `make demo` and `make test`.
SHELL := bash
PYTHON ?= $(firstword $(shell command -v python3.11 python3))
export VDATA_HOME ?= $(CURDIR)/.vdata
export SAM2_BUILD_CUDA := 0
# Where it is set, as in many containers, every process compiles what it imports anew: 10 s of open_clip's 20.
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv
VALIDATORS := .venv-validators
BIN := $(VENV)/bin

.PHONY: setup validators lock instance env demo test lint compiled ui bench clean

setup: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(sed -n 's/^\(uv==[^ ]*\).*/\1/p' requirements.lock)"
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --editable .
	touch $@

# Validators of services whose dependencies do not go with ours; tests run them on files that we write.
validators: $(VALIDATORS)/.installed

$(VALIDATORS)/.installed: validators.lock $(VENV)/.installed
	test -x $(VALIDATORS)/bin/python || $(PYTHON) -m venv $(VALIDATORS)
	VIRTUAL_ENV=$(VALIDATORS) $(BIN)/uv pip sync --quiet --require-hashes validators.lock
	touch $@

LOCK := $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade

lock:
	$(LOCK) --all-extras pyproject.toml --output-file requirements.lock
	$(LOCK) validators.in --output-file validators.lock

# The instance of `make demo` and `make ui`: everything it writes is below VDATA_HOME.
export DAGSTER_HOME ?= $(VDATA_HOME)/dagster

$(DAGSTER_HOME)/dagster.yaml: dagster_project/instance/dagster.yaml $(VENV)/.installed
	mkdir -p $(DAGSTER_HOME)
	cp $< $@
	$(BIN)/dagster instance concurrency set gpu "$$($(BIN)/python -m vdata_resources.devices)" >&2

instance: $(DAGSTER_HOME)/dagster.yaml

# For a shell of your own: eval "$$(make -s env)"
env: instance
	@echo 'export VDATA_HOME="$(VDATA_HOME)" DAGSTER_HOME="$(DAGSTER_HOME)" VIRTUAL_ENV="$(CURDIR)/$(VENV)" PATH="$(CURDIR)/$(BIN):$$PATH"'

demo: instance
	$(BIN)/python -m dagster_project.demo

ui: instance
	$(BIN)/python -m dagster_project.ui --port $(or $(PORT),3000)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/dg check yaml

test: setup validators
# The first import compiles: once here, beside the type checker, and not in every worker at a time.
	$(MAKE) --jobs 2 --output-sync=target lint compiled
# The browser's tests come first: they mostly wait for a daemon, and the others run beside them.
	$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder

compiled: setup
	$(BIN)/pytest --collect-only --quiet >/dev/null || true  # The run of the tests says what is wrong.

bench: setup
	$(BIN)/python bench/run_all.py

clean:
	rm -rf $(VENV) $(VALIDATORS) .mypy_cache .ruff_cache .hypothesis .pytest_cache
