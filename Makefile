# The verbs of Yurt. Each one makes what it needs first, so that a fresh clone needs no other command.
# POSIX sh, make and Python 3.11 or newer are all that must be there; cli/install.py does the installing.

.DEFAULT_GOAL := help
.PHONY: help run flask test lint lint-js format messages bench contract install install-dev browser clean

BIN := .venv/bin
# For two cores: half of the time, tests wait for processes and labs. tests/lanes.py says which worker takes what.
PYTEST_ARGUMENTS := -n 5 --dist loadfile --no-loadscope-reorder
# Every Python that people may have, the plain name first; the loop leaves the first good one in $$p.
find_python = for p in $$PYTHON python3 python3.14 python3.13 python3.12 python3.11 none; do \
	command -v "$$p" >/dev/null 2>&1 || continue; \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && break; done; \
	if [ "$$p" = none ]; then \
	echo "Yurt needs Python 3.11 or newer, and finds none: install it, or name it with PYTHON=/path/to/python3." >&2; \
	exit 1; fi

help: ## Show these verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: ## Start Yurt on its own engines, http://127.0.0.1:2026 (PORT=... for another)
	@$(find_python); "$$p" -m cli.install --for-run && exec $(BIN)/python -m cli.run

flask: ## Run a command in the site that runs: make flask ARGS="token create alice@example.org"
	@$(BIN)/python -m cli.here flask $(ARGS)

test: browser ## Run the whole suite (ARGS="tests/run -x" for a part)
	@$(BIN)/python -m pytest $(PYTEST_ARGUMENTS) $(ARGS)

lint: install-dev ## Check style, types, layers, templates and scripts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/djlint --quiet --lint templates question_types
	@$(BIN)/python -m cli.lint_js

lint-js: install-dev ## Check the scripts of the pages alone: style and types
	@$(BIN)/python -m cli.lint_js

format: install-dev ## Put code into the house's form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/python -m cli.lint_js --fix

messages: install ## Collect the strings to translate into translations/ (ARGS="de" begins German)
	@$(BIN)/python -m cli.messages $(ARGS)

bench: install-dev ## Measure pages, an exam, a class, and labs on a real Nomad (ARGS="speed", "class", "labs", "exam --quick")
	@$(BIN)/python -m bench $(ARGS)

contract: install-dev browser ## Send 20,000 calls that the OpenAPI document allows, as everybody (ARGS=4 for as many of each)
	@CONTRACT_EXAMPLES=$(or $(ARGS),22) $(BIN)/pytest -n 0 -q -o faulthandler_timeout=0 tests/api/test_openapi.py -k whatever

install: ## Make .venv and fetch the front-end packages, without starting
	@$(find_python); "$$p" -m cli.install

install-dev: ## The same with what tests and lint need
	@$(find_python); "$$p" -m cli.install --dev

browser: ## The same with a Chromium for the browser tests
	@$(find_python); "$$p" -m cli.install --dev --browser

clean: ## Remove what was installed; data in var/ stays
	@rm -rf .venv node_modules static/vendor .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
