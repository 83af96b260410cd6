# Everything from nothing but python3 (3.11 or later) and make.

PYTHON ?= python3
BIN := .venv/bin
PY := $(BIN)/python
READY := .venv/.ready locale/it/LC_MESSAGES/django.mo

.PHONY: demo demo-reset demo-code test browser-test screenshots lint format bench translations lock clean

demo: $(READY)
	$(PY) -m results_portal.demo

demo-reset: $(READY)
	$(PY) -m results_portal.demo --reset

# The codes of the demo's staff, for who has no authenticator app at hand.
demo-code: $(READY)
	@$(PY) -m results_portal.demo.code

test: $(READY)
	$(PY) -m pytest

browser-test: $(READY)
	$(PY) -m pytest -m browser

# Make the pictures of docs/staff.md anew, from the demo in a real browser.
screenshots: $(READY)
	SCREENSHOTS=1 $(PY) -m pytest -m browser tests/browser/test_staff_guide.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(PY) -m results_portal.translations check
	$(PY) -m results_portal.embedded -- deploy/check.sh

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)
	$(PY) -m bench.loading
	$(PY) -m bench.uploads
	$(PY) -m bench.mails
	$(PY) -m bench.stopping
	$(PY) -m bench.documents
	$(PY) -m bench.crowd
	$(PY) -m bench.pages
	$(PY) -m bench.centre_lists
	$(PY) -m bench.figures

# Collect the messages for the translators; fill in what is new in locale/*/LC_MESSAGES/django.po.
translations: $(READY)
	$(PY) -m results_portal.translations update

# Renew requirements.lock from pyproject.toml; it carries hashes and no addresses.
lock: $(READY)
	$(BIN)/uv pip compile --upgrade --universal --generate-hashes --all-extras --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links -q pyproject.toml -o requirements.lock

# uv installs several times faster than pip and comes from the same lock; where it does not run, pip does it.
.venv/.ready: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	@awk '/^uv==/ {found = 1} found {print} found && !/\\$$/ {exit}' requirements.lock > .venv/uv.txt
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt \
		&& $(BIN)/uv pip sync --quiet --require-hashes requirements.lock \
		|| $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

%.mo: %.po .venv/.ready
	$(PY) -m results_portal.translations compile
	@touch $@

clean:
	rm -rf .venv var
