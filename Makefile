# Everything lives in .venv; the Makefile brings its own uv, so that Python and make are enough.
PYTHON ?= python3
UV_VERSION = 0.13.9
BIN = .venv/bin
export UV_PROJECT_ENVIRONMENT = .venv
export UV_PYTHON_DOWNLOADS = never

.PHONY: setup demo test check simulate strings clean

setup: .venv/.ready

.venv/.ready: pyproject.toml uv.lock hatch_build.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; say which with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@command -v uv >/dev/null || test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@PATH="$$PATH:$(CURDIR)/$(BIN)" uv sync --frozen --inexact --extra train --extra genicam --quiet
	@touch $@

demo: setup
	@$(BIN)/jidoka demo

simulate: setup
	@$(BIN)/jidoka simulate --shifts 20

# Takes every text that people see into the catalogs; then translate what is new in review_api/translations.
strings: setup
	$(BIN)/python -m tests.strings

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Most tests wait for real processes, so two of them share the machine; what needs all of it runs alone.
test: check
	$(BIN)/pytest -n 2 --dist loadfile -m 'not whole_machine' --cov=quality --cov=plc --cov-branch --cov-report=term --cov-report=xml
	$(BIN)/pytest -m whole_machine
	$(BIN)/coverage report --include='quality/*,plc/*' --fail-under=95

clean:
	rm -rf .venv review_api/static/vendor dist
