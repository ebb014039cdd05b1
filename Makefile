# What a person types to set up, run, test and check Recall Desk. Needs Python 3.11 to 3.13, git and make; no root.

PY := .venv/bin/python
PYTEST := $(PY) -m pytest
DB_SERVER := $(PY) -m tests.support.servers
PIN := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make lock'
PARALLEL ?= 2
MINUTES ?= 20
FHIR_URL ?= http://127.0.0.1:8000/fhir
# A worker waits for PostgreSQL or for the browser a part of its time: one more keeps the processors busy.
PARALLEL_WAITING ?= $(shell expr $(PARALLEL) + 1)

# The others need not be read to find these; each worker reads them all.
BROWSER_TESTS = $(shell grep -rlE 'mark\.browser' tests --include='test_*.py')

# Each worker of a test run and each process that a test starts would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run install install-demo install-dev test test-sqlite test-postgres test-browser check check-types check-quick check-lint check-layers check-migrations check-production check-docs fix lock install-bench bench bench-short drill drill-short drill-ci lighthouse gallery screenshots rulebook mutants conform check-security sbom upgrade-check clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: install-demo ## Start everything with a demo clinic, print the address; Ctrl-C stops it (PORT=8001 for another port)
	@exec $(PY) -m config.run

install: ## Make .venv and install the pinned packages, if they changed
	@sh bin/venv requirements.txt

install-demo: ## The same with the packages that make the demo clinic
	@sh bin/venv requirements-demo.txt

install-dev: ## The same with those, and the packages for tests and checks
	@sh bin/venv requirements-dev.txt

conform: install ## Check a running instance against the profiles it claims: FHIR_URL=... HL7=... (docs/fhir.md)
	@$(PY) manage.py conform --fhir $(FHIR_URL) $(if $(HL7),--hl7 $(HL7)) $(if $(HL7_SENDER),--hl7-sender '$(HL7_SENDER)') \
		$(if $(WEBHOOK),--webhook $(WEBHOOK))

test: install-dev ## Every test: on SQLite, in a browser where there is one, and on PostgreSQL where there is one
	@$(MAKE) --no-print-directory test-sqlite
	@$(MAKE) --no-print-directory test-postgres
	@$(MAKE) --no-print-directory test-browser

test-sqlite: install-dev ## The tests on SQLite
	$(PYTEST) -n $(PARALLEL) --dist worksteal -m "not browser"

test-postgres: install-dev ## The tests that touch a database, on a throwaway PostgreSQL
	$(DB_SERVER) $(PYTEST) -n $(PARALLEL_WAITING) --dist worksteal -m "not browser and not no_database"

test-browser: install-dev ## The tests that drive a Chromium
	@if $(PY) -m tests.support.chromium; then $(PYTEST) -n $(PARALLEL_WAITING) --dist worksteal -m browser $(BROWSER_TESTS); fi

check: install-dev ## Lint, format, types, layers, migrations, production settings, generated pages
	@$(MAKE) --no-print-directory --jobs=$(PARALLEL) check-types check-quick

check-quick: check-lint check-security check-layers check-migrations check-production check-docs

check-lint:
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

check-security:
	.venv/bin/bandit --quiet --configfile pyproject.toml --severity-level high --recursive .

check-types:
	$(PY) -m mypy .

check-layers:
	.venv/bin/lint-imports

check-migrations:
	$(PY) manage.py makemigrations --check --dry-run

check-production:
	$(PY) -m tests.support.production_environment manage.py check --deploy --fail-level WARNING

check-docs:
	$(PY) manage.py workflow_doc --check
	$(PY) manage.py audit_doc --check

fix: install-dev ## Let the linter mend what it can
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

lock: ## Pin the packages that pyproject.toml allows (needs uv; installs it into .venv)
	$(PY) -m pip install --quiet uv
	echo uv | $(PIN) - --output-file requirements-uv.txt
	$(PIN) pyproject.toml --output-file requirements.txt
	$(PIN) --extra demo --constraint requirements.txt pyproject.toml --output-file requirements-demo.txt
	$(PIN) --extra demo --extra dev --constraint requirements-demo.txt pyproject.toml --output-file requirements-dev.txt
	$(PIN) --extra demo --extra dev --extra mutants --constraint requirements-dev.txt pyproject.toml --output-file requirements-mutants.txt
	$(PIN) --extra demo --extra dev --extra bench --constraint requirements-dev.txt pyproject.toml --output-file requirements-bench.txt

install-bench:
	@VENV=.venv-bench sh bin/venv requirements-bench.txt

bench: install-bench ## Every budget in one run: one table, a file and a chart in var/bench (docs/scale.md)
	@.venv-bench/bin/python -m bench

bench-short: install-bench ## The same in some minutes, with 100,000 recalls
	@BENCH=short .venv-bench/bin/python -m bench

drill: install-dev ## Try to break every promise on the real stack and print a table (SEED="1 2 3"; docs/operate.md)
	@$(PY) -m bench.drill

drill-short: install-dev ## The same in a few minutes
	@DRILL=short $(PY) -m bench.drill

drill-ci: install-dev ## The most telling few of them
	@DRILL=ci $(PY) -m bench.drill

sbom: install-dev ## A list of every package of a production installation (CycloneDX), in sbom.json
	.venv/bin/cyclonedx-py requirements requirements.txt --pyproject pyproject.toml --output-reproducible --output-file sbom.json

upgrade-check: install-dev ## Whether the code of an earlier commit serves its pages on this version's tables (FROM=...)
	$(DB_SERVER) $(PY) -m tests.support.upgrade_check $(FROM)

lighthouse: install-dev ## Performance, accessibility and weight of the pages in Lighthouse (needs npx and a Chromium)
	$(PY) -m bench.lighthouse

gallery: install-dev ## Every message in every language as a page and, where there is a Chromium, as pictures
	$(PY) manage.py gallery

screenshots: install-dev ## Pictures of every page for docs/screenshots, light, dark and on a phone; needs a Chromium
	$(PY) -m tests.support.screenshots

rulebook: install-dev ## Print the rules the tests hold, in words, file by file
	@$(PY) -m tests.support.list_tests

mutants: ## Change the rules' code a little at a time and count the changes no test notices (MINUTES=20); goes on where it stopped
	@sh bin/venv requirements-mutants.txt
	$(PY) -m tests.support.mutants --minutes $(MINUTES) --children $(PARALLEL)

clean: ## Remove the environment and the caches; the data in var/ stays
	rm -rf .venv .venv-bench .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .mutants
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
