# Everything a newcomer or contributor types. Python ≥ 3.10 and make are all it needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Tests run on all cores; `make test JOBS=0` runs them in one process (for a debugger, say), and
# `make test SHUFFLE=seed` in an order drawn by that seed. Continuous integration shuffles, and
# measures coverage, which takes half as long again. `make test-slow THOROUGH=10` draws ten times as
# many random cases.
JOBS     ?= logical
SHUFFLE  ?=
COVERAGE ?=
THOROUGH ?= 1
DIST     := worksteal
PYTEST   = $(BIN)/python -m pytest -n $(JOBS) --dist $(DIST) \
           $(if $(SHUFFLE),--random-order --random-order-seed=$(SHUFFLE))
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo check kernels test test-slow test-oracle test-browser lint lint-page bench docs \
        clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.base  ## get drawings, train the seed network, show what it learnt
	@$(BIN)/inkgrad demo

check: lint $(VENV)/.test  ## lint, and the tests that a change touches: less than a minute
	$(PYTEST) --budget 40 tests/test_imports.py $$($(BIN)/python -m tests.touched $(SINCE))

# Two processes whose NumPy takes all cores each would wait for each other.
check test test-slow: export OPENBLAS_NUM_THREADS := 1

kernels: $(VENV)/.test
	@$(BIN)/python -m tests.kernels

test: kernels  ## the default suite, offline; COVERAGE=yes adds the coverage bars
	$(PYTEST) $(if $(COVERAGE),--cov --cov-report=)
	$(if $(COVERAGE),@$(BIN)/python tests/coverage_bars.py)

# A file's tests stay together, so that fixtures that take long are made once; and files keep the
# order that tests/conftest.py gives them, the longest first.
test-slow: DIST := loadfile --no-loadscope-reorder
test-slow: export THOROUGH := $(THOROUGH)
test-slow: kernels  ## real drawings, mutants, exhaustive shapes, the demo in a fresh clone
	$(PYTEST) -m "slow and not oracle and not browser" tests

test-oracle: $(VENV)/.oracle  ## the same mathematics, by PyTorch
	$(PYTEST) -m oracle tests

test-browser: $(VENV)/.test $(VENV)/.browser  ## our JavaScript in the system's browsers
	$(PYTEST) -m "browser and not slow" tests

lint: $(VENV)/.lint lint-page  ## ruff and mypy; Biome and TypeScript for the page's JavaScript
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The page itself needs no npm: only what checks its JavaScript comes by it.
ifneq ($(shell command -v npm 2> /dev/null),)
lint-page: node_modules/.installed
	node_modules/.bin/biome ci --error-on-warnings --colors=off .
	node_modules/.bin/tsc -p tsconfig.worker.json
	node_modules/.bin/tsc -p tsconfig.json
else
lint-page:
	@echo "npm is not installed, so the page's JavaScript is not checked (Debian: apt-get install npm)"
	@test "$$CI" != true
endif

node_modules/.installed: package.json package-lock.json
	npm ci --no-audit --no-fund --ignore-scripts
	@touch $@

bench: $(VENV)/.bench  ## speed beside PyTorch and others, measured in pairs
	$(BIN)/python -m bench training
	$(BIN)/python -m bench inference
	$(BIN)/python -m bench startup

docs: $(VENV)/.docs  ## the book as web pages, in docs/_build/html
	$(BIN)/python -m sphinx -W -b html docs docs/_build/html

clean:  ## remove what the targets above made (trained models in runs/ stay)
	rm -rf $(VENV) node_modules build dist docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "inkgrad needs Python 3.10 or newer, but '$(PYTHON)' is $$($(PYTHON) -V 2>&1); try: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

# With the fast engine, if Numba can be installed here (it is late for new versions of Python).
$(VENV)/.base: pyproject.toml | $(VENV)/bin/python
	@echo "installing inkgrad in $(VENV)"
	@$(PIP) --editable '.[fast,web]' 2>/dev/null || { \
	  echo "Numba cannot be installed here; without it training takes about ten times as long"; \
	  $(PIP) --editable '.[web]'; }
	@touch $@

# All that continuous integration runs, by one pip: each takes ten seconds to see that all is there.
EXTRAS := lint test oracle browser docs
$(VENV)/.all: pyproject.toml | $(VENV)/bin/python
	$(PIP) --no-compile --editable "$$(echo '.[$(EXTRAS)]' | tr ' ' ,)"
	@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true  # on all cores, unlike pip
	@touch $(EXTRAS:%=$(VENV)/.%) $@

# One stamp an extra: .venv/.test means that `pip install .[test]` was done for this pyproject.toml.
$(VENV)/.%: pyproject.toml | $(VENV)/bin/python
	$(PIP) --editable '.[$*]'
	@touch $@
