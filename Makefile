# Every target does all the set-up it needs. Needs Python 3.11 or later, make and a C compiler; nothing else by hand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Tests start many processes of ours: let them keep what they compiled, whatever the machine's environment says.
export PYTHONDONTWRITEBYTECODE :=

# `make` alone says what there is, and installs nothing by surprise.
.DEFAULT_GOAL := help

.PHONY: help install demo test lint bench soak docs pictures requirements clean

help:  ## what there is
	@echo "make TARGET; each installs what it needs into $(VENV) by itself the first time (a minute or two):"
	@sed -n 's/^\([a-z]*\):.*  ## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

$(VENV)/.installed: requirements.txt pyproject.toml
	@echo "Installing Hodi and what it needs into $(VENV) (once; a minute or two)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@
	@echo "Installed: $(BIN)/hodi"

$(VENV)/.tested: $(VENV)/.installed requirements-test.txt
	@echo "Installing what the tests need"
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-test.txt
	touch $@

install: $(VENV)/.installed  ## the `hodi` command in .venv/bin

demo: $(VENV)/.installed  ## an example operator, billed, with a phone to dial: make demo ARGS=--once plays the story and ends
	$(BIN)/hodi demo $(ARGS)

test: $(VENV)/.tested  ## everything that must hold, in under fifteen minutes
	$(BIN)/pytest -n 4 --dist worksteal $(ARGS)

lint: $(VENV)/.tested  ## format, lint, types, imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.tested  ## each figure as a ratio to its limit, measured in the same run
	$(BIN)/hodi bench $(ARGS)

soak: $(VENV)/.tested  ## the big sizes: many kills, many accounts
	HODI_KILLS=$${HODI_KILLS:-100} HODI_STORM=$${HODI_STORM:-100000} $(BIN)/pytest tests/faults -m "soak or not soak" $(ARGS)
	$(BIN)/pytest tests --ignore tests/faults -m soak $(ARGS)

docs: $(VENV)/.tested  ## the docs as a site, in build/site; needs no network
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "Open build/site/index.html"

pictures: $(VENV)/.tested  ## the pictures in the docs, taken anew from the pages as they are
	HODI_PICTURES=1 $(BIN)/pytest tests/browser/test_pictures.py $(ARGS)

requirements:  ## pin anew, with hashes and without naming a registry
	uv pip compile --quiet --generate-hashes --no-emit-index-url --python-version 3.11 --extra build pyproject.toml -o requirements.txt
	uv pip compile --quiet --generate-hashes --no-emit-index-url --python-version 3.11 --extra build --extra test --extra fast --extra dask --extra docs pyproject.toml -o requirements-test.txt

clean:  ## away with all that was installed and made
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
