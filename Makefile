# Ticketwire. `make` alone says what there is.

PYTHON ?= python3
BIN := .venv/bin
CODE := $(wildcard contracts chassis services deploy tests bench)
PYTEST := $(BIN)/python -m pytest
WORKERS ?= 2

.DEFAULT_GOAL := help

.PHONY: help
help: ## Say what there is
	@echo "Ticketwire: mail becomes tickets. Five services over RabbitMQ and MongoDB."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "First time here: make run"

.PHONY: setup
setup: ## Make .venv/ and install what the system lacks (RabbitMQ, libcurl, gpg); quick when all is there
	@$(PYTHON) deploy/setup.py

.PHONY: setup-tests
setup-tests: ## The same, and Chromium for the browser tests
	@$(PYTHON) deploy/setup.py --tests

.PHONY: run
run: setup ## Run everything here in the foreground; Ctrl-C stops it, the next run continues
	@$(BIN)/python -m deploy.local

.PHONY: test
test: setup-tests ## Run the tests, two files at a time (WORKERS=0: one)
	@$(PYTEST) -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: check
check: setup ## Lint, types, import rules, the contract's guards, the glossary
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports
	$(BIN)/python -m ticketwire_contracts.guard
	$(BIN)/python -m ticketwire_chassis.i18n.check

.PHONY: format
format: setup ## Write the code as the formatter likes it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: bench
bench: setup ## Measure the whole system: a table, and var/bench.json
	@$(BIN)/python -m bench

.PHONY: lock
lock: setup ## Lock the versions anew: requirements/*.txt
	@$(BIN)/python deploy/lock.py

.PHONY: schemas
schemas: setup ## Write the contract's schemas, examples and AsyncAPI pages anew
	@$(BIN)/python -m ticketwire_contracts.schemas

.PHONY: reference
reference: setup ## Write what the documents repeat of the code: settings, metrics, rights
	@$(BIN)/python docs/reference.py

.PHONY: messages
messages: setup ## Collect the texts for translation
	@$(BIN)/python -m ticketwire_chassis.i18n.extract

.PHONY: test-peers
test-peers: setup-tests ## Test against real peers from Debian's packages (Postfix, rt-mailgate, msmtp, swaks, curl)
	@$(PYTEST) --override-ini testpaths=tests/peers

.PHONY: chaos
chaos: setup-tests ## The long faults: kills, freezes, broker and database restarts under load; ten minutes
	@$(PYTEST) --override-ini testpaths=tests/chaos --timeout 3600

.PHONY: clean
clean: ## Remove what tools have left (not .venv/, not var/)
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
