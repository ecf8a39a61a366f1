# make demo    install what is needed, then run the built-in corpus through the pipeline
# make test    install what is needed, then run the tests
# make check   format, lint and types
# make golden  rewrite the golden tables after a wanted change of behaviour
# make docs    rewrite the generated pages of docs/
# make map     rebuild the map's script from clio/map/src (needs Node 20 and npm)
# make bench   the benchmarks whose numbers stand in docs/benchmarks.md

PYTHON ?= python3
VENV   ?= .venv
# The build of torch to install first. The plain newest torch drags gigabytes of GPU packages in on Linux;
# with a GPU: make demo TORCH=torch
TORCH  ?= torch==2.13.0
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
WEIGHTS := all-minilm-l6-v2 smollm2-135m-instruct

.PHONY: demo test test-all check fix golden docs map bench install models browser clean

demo: install models
	$(BIN)/clio demo --output runs/demo

test: install models browser
	$(BIN)/python -m pytest -n 3 --dist loadfile -m "not slow"

test-all: install models browser
	$(BIN)/python -m pytest -n 3 --dist loadfile

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

fix: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

golden: install models
	CLIO_WRITE_GOLDEN=1 $(BIN)/python -m pytest tests/golden

docs: install
	$(BIN)/python -m clio.tables > docs/tables.md
	$(BIN)/python -m clio.config.reference > docs/configuration.md

map:
	cd clio/map && npm ci --ignore-scripts && npm run build

bench: install models
	$(BIN)/python benchmarks/clustering.py --n 20000 --json

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; $(PYTHON) is older. Name another: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade pip
	$(PIP) install "$(TORCH)"
	$(PIP) install --editable ".[embedded,ner,rampart,dp,app,notebook,report,dev]"
	@touch $@

# Chromium for the tests that look at pages; where it cannot be had they are skipped and say so.
browser:
	@for name in chromium chromium-browser google-chrome; do command -v $$name >/dev/null && exit 0; done; \
	[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get -qq update && \
		DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends chromium >/dev/null || \
		echo "No Chromium, and none could be installed: tests that need a browser will be skipped."

models: install
	$(BIN)/clio models pull $(WEIGHTS)

clean:
	rm -rf $(VENV) runs build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
