# Everything from a fresh machine with Python 3.11 to 3.13 and make: `make run`, `make test`.
# The first call makes .venv from requirements.lock; it is made anew only when the lock or pyproject.toml changes.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python; do \
	"$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo "$$name" && break; done)
UV ?= $(shell command -v uv 2>/dev/null)

.PHONY: run test browser nightly mutants api lint format lock clean
.DEFAULT_GOAL := run

run: $(STAMP)
	@$(BIN)/python -m jointprice $(ARGS)

test: $(STAMP)
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

# What the tests in a browser need; without it they are skipped and say so. Debian's chromium needs root.
browser: $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[browser]"
	@command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null

nightly: $(STAMP)
	@$(BIN)/python -m pytest -m nightly $(ARGS)

# Changes the exact checker in every small way; the tests must notice each. Fails when one survives.
mutants: $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[mutants]"
	@rm -rf mutants
	@PATH="$(CURDIR)/$(BIN):$$PATH" mutmut run --max-children 2
	@PATH="$(CURDIR)/$(BIN):$$PATH" mutmut results | { ! grep . ; }

# The reference of every public module, in build/api.
api: $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[docs]"
	@$(BIN)/pdoc --output-directory build/api jointprice jointprice.api data_io ensemble search 2>/dev/null
	@echo "written: build/api/index.html"

lint: $(STAMP)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: $(STAMP)
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

# Pins every dependency for Python 3.11 to 3.13 with its hashes and without the address of any index.
lock:
	@test -n "$(UV)" || { echo "make lock needs uv on the PATH (pip install uv)" >&2; exit 2; }
	@$(UV) pip compile pyproject.toml --extra dev --extra sweep --extra whatif --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet -o requirements.lock

clean:
	@rm -rf $(VENV) mutants build dist *.egg-info .pytest_cache .ruff_cache .hypothesis

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "no Python 3.11 to 3.13 found; name one: make PYTHON=/path/to/python3.12" >&2; exit 2; }
	@echo "installing into $(VENV) (once) ..." >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e . >&2
	@touch $@
