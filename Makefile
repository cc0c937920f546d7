# Two commands matter: `make run` (the demo) and `make test`. Both work from a fresh clone with Python 3.11+, make and git.

ifndef PYTHON
PYTHON := $(shell for name in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	$$name -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
endif

VENV := .venv
IN_VENV := $(VENV)/bin/python
PORT ?= 8000
export PORT
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help run demo install serve test check faults screenshots benchmarks clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' Makefile | column -t -s '|'

run: install ## Set up and serve the demo on http://127.0.0.1:8000 (PORT overrides)
	@DASHBOARD_DEMO=1 $(IN_VENV) manage.py set_up_demo
	@DASHBOARD_DEMO=1 exec $(IN_VENV) -m honcho start --concurrency worker=2

demo: install ## Put the demo's three databases back to where they began
	@DASHBOARD_DEMO=1 $(IN_VENV) manage.py set_up_demo --reset

install: $(VENV)/installed ## Make the virtual environment with what the dashboard runs on

serve: install ## Serve what dashboard.toml names, without the demo's accounts
	@$(IN_VENV) manage.py migrate --verbosity 0
	@$(IN_VENV) manage.py collectstatic --no-input --verbosity 0
	@exec $(IN_VENV) -m honcho start --concurrency worker=2

test: $(VENV)/installed-for-tests ## Run every test, on SQLite, on PostgreSQL and in a browser
	@$(IN_VENV) -m tests.browser.find_browser
	@$(IN_VENV) -m pytest --numprocesses auto --dist loadfile $(if $(CI),-p tests.ci_plugin) $(PYTEST_ARGUMENTS)

check: $(VENV)/installed-for-tests ## Run the linters, the type checker and every test
	@$(IN_VENV) -m ruff check .
	@$(IN_VENV) -m ruff format --check .
	@git ls-files -z 'templates/*.html' | xargs -0 --no-run-if-empty $(VENV)/bin/djade --check --target-version 5.2
	@$(IN_VENV) -m mypy
	@$(IN_VENV) manage.py makemigrations --check --dry-run --verbosity 1
	@$(MAKE) --no-print-directory test

screenshots: $(VENV)/installed-for-tests ## Take the pictures of README and docs/ anew, from the demo
	@$(IN_VENV) -m tests.browser.find_browser
	@$(IN_VENV) -m tests.browser.take_screenshots

faults: $(VENV)/installed-for-tests ## Print how each fault of tests/faults.toml stands
	@$(IN_VENV) -m tests.browser.find_browser >&2
	@$(IN_VENV) -m tests.fault_report

benchmarks: $(VENV)/installed-for-tests ## Measure speed, and write docs/benchmarks.md and the README's table
	@$(IN_VENV) -m tests.browser.find_browser
	@$(IN_VENV) -m benchmarks

clean: ## Remove what can be made again; the data in var/ stays
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis test-results var/static
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with its venv module is needed (Debian: apt-get install" \
		"python3-venv). If it has another name: make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Making $(VENV) with $(PYTHON) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.txt | $(VENV)/bin/python
	@echo "Installing requirements.txt ..."
	@$(IN_VENV) -m pip install --quiet --requirement requirements.txt
	@touch $@

$(VENV)/installed-for-tests: requirements-dev.txt requirements.txt | $(VENV)/bin/python
	@echo "Installing requirements-dev.txt ..."
	@$(IN_VENV) -m pip install --quiet --requirement requirements-dev.txt
	@touch $@ $(VENV)/installed
