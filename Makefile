# Two commands for users, `make app` and `make test`; the others are for developers.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: app test check audit fuzz soak requirements

app: $(VENV)/.installed
	$(BIN)/streamlit run app/Home.py

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --ignore tests/soak

check: audit
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_layers.py

# Known vulnerabilities of the pinned packages, where a database of them can be reached.
audit: $(VENV)/.installed-dev
	$(BIN)/python tests/hardening/audit.py requirements.txt

# The readers under damaged files, so long for each format, other ones every day; what is found is kept in .fuzzing.
SECONDS ?= 60
fuzz: $(VENV)/.installed-dev
	$(BIN)/python -m tests.fuzzing --seconds $(SECONDS) --seed $(shell date +%Y%m%d)

# Trials of endurance: hours. Their short forms are tests/soak/test_*.py.
soak: $(VENV)/.installed-dev
	$(BIN)/python -m tests.soak.kills --kills 200
	$(BIN)/python -m tests.soak.queue --runs 1000 --slots 4 --rounds 20
	$(BIN)/python -m tests.soak.queue --runs 1000 --slots 4 --rounds 1
	$(BIN)/python -m tests.soak.engine --kills 50
	$(BIN)/python -m tests.soak.frozen --times 10
	$(BIN)/python -m tests.soak.pollers --seconds 600
	$(BIN)/python -m tests.soak.disk
	$(BIN)/python -m tests.soak.cluster --runs 24
	$(BIN)/python benchmarks/many_runs.py

# Recompile the pins after a change of pyproject.toml.
requirements: $(VENV)/.installed-dev
	$(BIN)/pip-compile $(COMPILE) --output-file requirements.txt pyproject.toml
	$(BIN)/pip-compile $(COMPILE) --extra dev --extra export --extra sign-in --extra cluster --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml

COMPILE := --quiet --strip-extras --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

$(VENV)/.installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	touch $@
