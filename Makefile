# Two commands set everything up on a fresh machine: `make demo` and `make test`.
SHELL := bash
PYTHON ?= python3.11
export VDATA_HOME ?= $(CURDIR)/.vdata
export SAM2_BUILD_CUDA := 0
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup lock demo test lint ui bench clean

setup: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(sed -n 's/^\(uv==[^ ]*\).*/\1/p' requirements.lock)"
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --editable .
	touch $@

lock:
	$(BIN)/uv pip compile --quiet --python-version 3.11 --all-extras --generate-hashes --no-emit-index-url \
		--no-header --upgrade pyproject.toml --output-file requirements.lock
