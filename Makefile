# Two commands for users, `make app` and `make test`; two for developers, `make check` and `make requirements`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: app test check requirements

app: $(VENV)/.installed
	$(BIN)/streamlit run app/Home.py

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_layers.py

# Recompile the pins after a change of pyproject.toml.
requirements: $(VENV)/.installed-dev
	$(BIN)/pip-compile $(COMPILE) --output-file requirements.txt pyproject.toml
	$(BIN)/pip-compile $(COMPILE) --extra dev --extra export --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml

COMPILE := --quiet --strip-extras --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

$(VENV)/.installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	touch $@
