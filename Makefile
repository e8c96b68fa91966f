# theorylab: `make verify` and `make test` each work alone from a fresh clone.

PYTHON ?= python3
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: verify test lint figures bench docs readme clean
.DELETE_ON_ERROR:

verify: $(VENV)/installed          ## check every theorem, write report/index.html
	$(BIN)/theorylab verify --jobs $(JOBS) --report report

test: $(VENV)/installed lint       ## tests of the code and of the machinery, and lints
	$(BIN)/python -m pytest tests -n $(JOBS) --dist loadfile --timeout=300

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m theorylab.report.readme --check README.md

figures: $(VENV)/installed         ## the appendix figures, from the ledger of the last verify
	test -f report/ledger.jsonl || $(BIN)/theorylab verify --jobs $(JOBS) --report report
	$(BIN)/theorylab figures --report report --out figures

bench: $(VENV)/installed           ## ratios against named peers, one table; nothing is asserted
	$(BIN)/python -m pytest benchmarks --benchmark-only --benchmark-quiet --benchmark-json=benchmarks.json
	$(BIN)/python -m benchmarks.table benchmarks.json

docs: $(VENV)/installed-docs       ## docs/_build/html/index.html
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html

readme: $(VENV)/installed          ## rewrite the table of statements in README.md
	$(BIN)/python -m theorylab.report.readme --write README.md

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python >= 3.11 is needed, got " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@echo "installing into $(VENV) (once; a minute and 1 GB with a CPU build of torch)"
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --upgrade pip hatchling editables
	$(INSTALL) --no-build-isolation -e '.[test,bench]'
	@touch $@

$(VENV)/installed-docs: $(VENV)/installed
	$(INSTALL) --no-build-isolation -e '.[docs]'
	@touch $@

clean:
	rm -rf $(VENV) report figures docs/_build .benchmarks .pytest_cache .mypy_cache .ruff_cache
