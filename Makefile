# Two commands do all the set-up: `make demo` and `make test`. Each makes its own virtual environment in .venv.
PYTHON ?= python3
VENV   := .venv
STAMP  := $(VENV)/.installed
NOT_ROOT := $(if $(filter-out 0,$(shell id -u)),-m "not root")
PYTEST ?= --numprocesses=auto --maxprocesses=4 --dist=worksteal

.PHONY: help demo test lint cover check format lock bench clean soak soak-sockets venv
help:
	@echo "make demo    two simulated wholesalers on loopback, the real daemon, a checked table at the end"
	@echo "make test    lint, types and the whole test suite against real servers (apt installs them when root)"
	@echo "make lint    ruff, mypy, pyright, import-linter"
	@echo "make cover   line and branch coverage of the pure core, which must be 100 %"
	@echo "make bench   the measurements behind the figures in docs/"
	@echo "make soak-sockets  the daemon behind a proxy that breaks its connections, for an hour (MINUTES=…)"
	@echo "make soak    random faults, pairs of faults and kills for HOURS=8 on CORES=…, added to tests/sim/soak.json"
	@echo "make fuzz    spoilt files for every parser, for ten minutes (MINUTES=…)"
	@echo "make lock    write requirements/*.lock anew (needs uv)"

venv: $(STAMP)
$(STAMP): pyproject.toml requirements/dev.lock
	$(PYTHON) -c 'import sys; sys.exit("syncd needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

demo: $(STAMP)
	$(VENV)/bin/syncd demo

test: $(STAMP)
	tests/servers.sh
	$(MAKE) --no-print-directory lint
	$(VENV)/bin/python -m pytest $(PYTEST) $(NOT_ROOT)
	$(if $(NOT_ROOT),@echo "Only root can set up pure-ftpd and disks that are too small; those tests were left out.")

lint: $(STAMP)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/pyright --pythonpath $(VENV)/bin/python
	$(VENV)/bin/lint-imports

format: $(STAMP)
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

# The core decides what is sent and what is true: no line and no branch of it without a test.
CORE := syncd.formats,syncd.suppliers,syncd.plan,syncd.life,syncd.masking,syncd.model,syncd.wording
cover: $(STAMP)
	$(VENV)/bin/python -m coverage run --branch --source $(CORE) -m pytest -q tests/formats tests/test_plan*.py tests/test_life.py tests/test_suppliers.py tests/test_wording.py
	$(VENV)/bin/python -m coverage report --skip-covered --show-missing --fail-under 100

bench: $(STAMP)
	$(VENV)/bin/python bench/run.py

soak: $(STAMP)
	$(VENV)/bin/python -m tests.sim soak --hours $(or $(HOURS),8) $(if $(CORES),--cores $(CORES))

soak-sockets: $(STAMP)
	$(VENV)/bin/python -m tests.soak --minutes $(or $(MINUTES),60)

fuzz: $(STAMP)
	$(VENV)/bin/python -m tests.formats.fuzz --minutes $(or $(MINUTES),10)

# Hashes, no download addresses: `uv export` writes neither index nor host.
lock:
	uv lock --quiet
	uv export --quiet --frozen --all-extras --all-groups --no-emit-project --no-header --no-annotate --format requirements-txt > requirements/dev.lock
	uv export --quiet --frozen --all-extras --no-default-groups --no-emit-project --no-header --no-annotate --format requirements-txt > requirements/run.lock
	uv export --quiet --frozen --only-group build --no-emit-project --no-header --no-annotate --format requirements-txt > requirements/build.lock
	@! grep -nE '://' requirements/*.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
