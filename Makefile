## Build the funnel's tables and answer its questions. Linux and macOS, Python 3.10 to 3.13.

# Where the source files are, where the database files go, and where their tables go as files.
DATA_DIR ?= data
WAREHOUSE_DIR ?= warehouse
EXPORT_DIR ?= export
# 1 builds everything anew, where a build would add what is new to what is there.
FULL ?=
# How much memory a build may take, such as 8GB or 60%, the default; what does not fit is spilled to disk.
MEMORY_LIMIT ?=
# The Python that .venv is made from.
PYTHON ?= python3

# What a change is reviewed against, which model to show (model, or model+ with its readers), whether to open the page,
# and whether values of rows are shown: 1 in the Markdown too, 0 nowhere.
BASE ?= main
ONLY ?=
OPEN ?=
VALUES ?=

# What the report is: html or md, and into which file it goes (report/index.html or report/report.md).
FORMAT ?=
OUT ?=

export DATA_DIR WAREHOUSE_DIR EXPORT_DIR FULL MEMORY_LIMIT BASE ONLY OPEN VALUES FORMAT OUT

PY := .venv/bin/python
PIP_INSTALL := $(PY) -m pip install -qq --disable-pip-version-check --no-input --no-compile --require-hashes --no-deps
LOCK := $(PY) -m uv pip compile --quiet --universal --python-version 3.10 --generate-hashes \
	--strip-extras --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

.DEFAULT_GOAL := help
.PHONY: help build answers report data test test-review test-builds mutate test-page bench rules lint format snowflake-check snowflake-build \
	review review-aa docs lineage export lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^## / { sub(/^## /, ""); print $$0 "\n" } /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "Variables: DATA_DIR=$(DATA_DIR) WAREHOUSE_DIR=$(WAREHOUSE_DIR) EXPORT_DIR=$(EXPORT_DIR) PYTHON=$(PYTHON)"

build: .venv/build.stamp ## make the tables from DATA_DIR into WAREHOUSE_DIR, and print the answers: FULL=1
	@$(PY) -m scripts.build

answers: .venv/build.stamp ## print the answers again, from the tables already made
	@$(PY) -m scripts.answers

report: .venv/dev.stamp ## the answers on one page, from the tables already made: FORMAT=md OUT=file OPEN=1
	@$(PY) -m scripts.report

data: .venv/dev.stamp ## make the synthetic events in data/ again: the same seed, the same rows
	@$(PY) -m scripts.simulate --people 2000 --months 6 --seed 7 --out data

test: .venv/dev.stamp ## run the tests
	@$(PY) -m pytest --numprocesses=auto --dist=loadfile

test-review: .venv/dev.stamp ## review every patch of tests/review_patches, some minutes; `make test` takes a few
	@$(PY) -m pytest --all-patches tests/test_review.py

test-builds: .venv/dev.stamp ## let files arrive in 20 orders and kill 40 builds, some minutes; `make test` does a few
	@$(PY) -m pytest --numprocesses=auto --dist=loadfile --orders=20 --kills=20 tests/test_incremental.py tests/test_crashes.py

mutate: .venv/dev.stamp ## break models, seeds, rows and simulator in hundreds of places: which test notices? ARGS=--all
	@$(PY) -m scripts.mutate $(ARGS)

test-page: .venv/page.stamp ## drive the pages of review, report and docs in headless Chromium, the one on the PATH or CHROMIUM=…
	@$(PY) -m pytest --numprocesses=auto --dist=loadfile tests/page

bench: .venv/bench.stamp ## measure the build against the same tables by hand (docs/performance.md): ARGS="--events 10000000 --runs 3"
	@$(PY) -m scripts.bench $(ARGS)

rules: .venv/build.stamp ## list every rule of docs/semantics.md with the tests that hold it
	@$(PY) -m scripts.rules

lint: .venv/dev.stamp ## check the style of SQL and Python, types, the conventions, and that documents and lineage are true
	@$(PY) -W ignore::UserWarning -m sqlfluff lint --processes 0 --disable-progress-bar models macros tests/dbt
	@$(PY) -m ruff check --quiet
	@$(PY) -m ruff format --check --quiet
	@$(PY) -m mypy --no-error-summary
	@$(PY) -m scripts.conventions
	@$(PY) -m scripts.documents
	@$(PY) -m scripts.lineage --check

format: .venv/dev.stamp ## repair what of the style a machine can repair
	@$(PY) -m ruff check --quiet --fix
	@$(PY) -m ruff format --quiet
	@$(PY) -W ignore::UserWarning -m sqlfluff fix --processes 0 --disable-progress-bar --quiet models macros tests/dbt

snowflake-check: .venv/dev.stamp ## prove, without an account, that the models run on Snowflake and say the same
	@$(PY) -m scripts.snowflake.check

snowflake-build: .venv/dev.stamp ## build the models on Snowflake (docs/snowflake.md), with ARGS=--empty as a smoke test
	@$(PY) -m scripts.packages
	@$(PY) -m dbt.cli.main build --target snowflake $(ARGS)

review: .venv/dev.stamp ## what a change does to the funnel, every model and column: BASE=main ONLY=model+ OPEN=1
	@$(PY) -m scripts.review

review-aa: .venv/dev.stamp ## the working tree against itself: lists what is not deterministic
	@$(PY) -m scripts.review --aa

docs: .venv/build.stamp ## dbt's documentation of models, columns and readers as one page, report/docs.html: OPEN=1
	@$(PY) -m scripts.docs_page

lineage: .venv/dev.stamp ## draw the lineage again, in README.md and docs/lineage.svg
	@$(PY) -m scripts.lineage

export: .venv/build.stamp ## write the tables to read as Parquet and as CSV into EXPORT_DIR
	@$(PY) -m scripts.export

lock: .venv/dev.stamp ## pin the newest versions that pyproject.toml allows
	@$(LOCK) --upgrade --group dev pyproject.toml --output-file requirements-dev.txt
	@$(LOCK) --upgrade --constraints requirements-dev.txt pyproject.toml --output-file requirements.txt
	@$(LOCK) --upgrade --constraints requirements-dev.txt --group page --output-file requirements-page.txt
	@$(LOCK) --upgrade --constraints requirements-dev.txt --group bench --output-file requirements-bench.txt

clean: ## remove the tables, dbt's files and caches; data/ and .venv stay
	@rm -rf "$(WAREHOUSE_DIR)"/.building "$(WAREHOUSE_DIR)"/.lock "$(WAREHOUSE_DIR)"/.built_from.json
	@rm -f "$(WAREHOUSE_DIR)"/raw.duckdb* "$(WAREHOUSE_DIR)"/prep.duckdb* "$(WAREHOUSE_DIR)"/prod.duckdb*
	@rm -rf target logs dbt_packages .pytest_cache .ruff_cache .mypy_cache
	@find . -path ./.venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is touched last, so a set-up that failed half way leaves none and the next `make` starts it again.

# Phony while it is missing or its Python is gone: then all that is installed in it is made anew too.
ifneq ($(shell test -x $(PY) && echo there), there)
.PHONY: .venv/bin/python
endif
.venv/bin/python:
	@command -v "$(PYTHON)" > /dev/null || \
		{ echo "No Python found as '$(PYTHON)': install Python 3.10 or newer, or say which: make PYTHON=python3.13 …" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "'$(PYTHON)' is $$("$(PYTHON)" --version 2>&1), 3.10 or newer is needed: make PYTHON=python3.13 …" >&2; exit 1; }
	@"$(PYTHON)" -m venv --clear .venv > /dev/null 2>&1 || { rm -rf .venv; \
		echo "'$(PYTHON)' cannot make a virtual environment: install its venv module (on Debian: apt install python3-venv)" >&2; exit 1; }

.venv/build.stamp: requirements.txt .venv/bin/python
	@echo "Installing what the build needs into .venv (once, about a minute)"
	@$(PIP_INSTALL) -r requirements.txt || { $(INSTALL_FAILED); }
	@$(COMPILE)
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/build.stamp
	@echo "Installing what tests and lint need into .venv (once)"
	@$(PIP_INSTALL) -r requirements-dev.txt || { $(INSTALL_FAILED); }
	@$(COMPILE)
	@touch $@

.venv/page.stamp: requirements-page.txt .venv/dev.stamp
	@echo "Installing what drives a browser into .venv (once)"
	@$(PIP_INSTALL) -r requirements-page.txt || { $(INSTALL_FAILED); }
	@$(COMPILE)
	@touch $@

.venv/bench.stamp: requirements-bench.txt .venv/dev.stamp
	@echo "Installing ClickHouse, to measure against, into .venv (once)"
	@$(PIP_INSTALL) -r requirements-bench.txt || { $(INSTALL_FAILED); }
	@touch $@

INSTALL_FAILED = echo "Installing failed with $$($(PY) --version): see pip's message above; tested are Python 3.10 to 3.13:" \
	"rm -rf .venv, then make PYTHON=python3.13 …" >&2; exit 1
# One pass on every core; the templates that some packages ship are not Python and may fail.
COMPILE = $(PY) -m compileall -q -j 0 .venv/lib > /dev/null 2>&1 || true
