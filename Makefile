# `make` alone prints this help.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export DBT_PROFILES_DIR := profiles
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := 1
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup build score docs test lint format pytest lock clean

help:  ## print this help
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: $(VENV)/.installed  ## make the environment .venv from requirements.lock

$(VENV)/.installed: requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed, but $(PYTHON) is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.11 ...")'
	@echo "Installing the locked packages into $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements.lock
	@touch $@

build: setup  ## run the whole dbt build, then write its docs
	dbt build
	@$(MAKE) --no-print-directory docs

score: setup  ## build again without training: marts, features and fresh scores
	@test -f $${WAREHOUSE:-warehouse/precision_marketing.duckdb} || { echo "No database yet, so no live estimator to score with: run make build first."; exit 1; }
	dbt build --selector without_training

docs: setup
	@dbt --quiet docs generate --static
	@echo "Docs     target/static_index.html (one page, opens from the file)"

lint: setup  ## check the style of SQL, Python and YAML
	sqlfluff lint --processes 2 --disable-progress-bar models
	ruff check .
	ruff format --check .
	yamllint --strict .

format: setup  ## mend what the linters can mend
	sqlfluff fix --processes 2 --disable-progress-bar models
	ruff check --fix .
	ruff format .

pytest: setup
	pytest

test: lint  ## run every check: lint, the tests of the data, pytest
	dbt test
	@$(MAKE) --no-print-directory pytest

lock: setup  ## write requirements.lock anew from pyproject.toml
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 pyproject.toml --group dev --output-file requirements.lock

clean:  ## remove what was built; the environment stays
	rm -rf target logs warehouse/*.duckdb* warehouse/spill
