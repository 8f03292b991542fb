# Two commands are enough: `make demo` shows what Equipoise does, `make test` runs every test.
# They need Rust and make; `make test` uses Python 3 too, where it is there. `make help` lists the rest.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
PYTHON ?= python3
DEMO ?= demo-assessment
TARGET := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)
RUFF := $(TARGET)/venv-ruff/bin/ruff
RUFF_VERSION := 0.14.0
PDF_PYTHON := $(abspath $(TARGET))/venv-pdf/bin/python
PDF_VALIDATOR := page-validation==0.11.0
VENV := $(TARGET)/venv-python
CDYLIB := $(if $(filter Darwin,$(shell uname -s)),lib_equipoise.dylib,lib_equipoise.so)
CHROMIUM ?= /usr/bin/chromium
export CHROMIUM
HAS_NPM := $(shell command -v npm >/dev/null 2>&1 && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && echo yes)
HAS_NEXTEST := $(shell command -v cargo-nextest >/dev/null 2>&1 && echo yes)

.PHONY: help demo test web web-test fmt lint rust-test doctest codegen tidy python-test python-lint pdf-test wheel bench deny clean need-cargo

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: need-cargo web ## Builds the program, assesses the bundled sample and shows the result
	$(CARGO) build --release --locked --package equipoise-cli
	@$(TARGET)/release/equipoise demo -o $(DEMO)
	@echo
	@echo "The assessment is in $(DEMO)/. To look at it in a browser, open"
	@for page in $(DEMO)/*.html; do if [ -e "$$page" ]; then echo "  file://$$(realpath "$$page")"; fi; done
	@if [ -e web/dist/index.html ]; then $(TARGET)/release/equipoise export $(DEMO) --to html -o $(DEMO)/dashboard.html --force && \
		echo "or, to look through it," && echo "  file://$$(realpath $(DEMO)/dashboard.html)"; fi

test: need-cargo web fmt lint rust-test doctest codegen tidy python-test pdf-test web-test ## Runs every test and check
	@echo
	@echo "All passed: format, clippy, tests, doctests, generated files, tidy$$([ -x $(RUFF) ] && echo ', Python')."
	@$(if $(HAS_NEXTEST),true,echo "(tests ran with cargo test: cargo-nextest is not installed)")
	@command -v $(PYTHON) >/dev/null || echo "(Python checks were skipped: $(PYTHON) is not installed)"
	@$(if $(HAS_NPM),[ -x "$(CHROMIUM)" ] || echo "(journeys through the dashboard were skipped: Chromium is not installed)",echo "(the dashboard was neither built nor tested: Node 20 is not installed)")

fmt: need-cargo ## Checks the format
	$(CARGO) fmt --all --check

lint: need-cargo ## Runs clippy; a warning is an error
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

# nextest is faster and isolates tests; a bare machine need not spend minutes on installing it.
rust-test: need-cargo ## Runs the Rust tests
ifeq ($(HAS_NEXTEST),yes)
	$(CARGO) nextest run --workspace --locked --no-tests=pass
else
	$(CARGO) test --workspace --lib --bins --tests --locked
endif

doctest: need-cargo ## Runs the examples in the documentation
	$(CARGO) test --workspace --doc --locked --quiet

codegen: need-cargo ## Checks that generated files are fresh
	$(CARGO) xtask codegen --check

tidy: need-cargo ## Checks the crate graph and the house rules
	$(CARGO) xtask tidy

python-test: need-cargo python-lint ## Tests the Python package against the development build
	@if ! command -v $(PYTHON) >/dev/null; then echo "skipped: $(PYTHON) is not installed"; \
	elif ! [ -e $(VENV)/installed ] && ! { $(PYTHON) -m venv $(VENV) && $(VENV)/bin/pip install --quiet --disable-pip-version-check -r python/requirements-test.txt && touch $(VENV)/installed; }; then \
		echo "skipped: what the Python tests need could not be installed (python/requirements-test.txt)"; rm -rf $(VENV); \
	else \
		$(CARGO) build --workspace --all-targets --locked && cp $(TARGET)/debug/$(CDYLIB) python/equipoise/_equipoise.abi3.so && \
		PYTHONPATH=python $(VENV)/bin/python -m pytest && $(VENV)/bin/mypy --config-file pyproject.toml; \
	fi

python-lint: ## Checks the Python sources
	@if ! command -v $(PYTHON) >/dev/null; then echo "skipped: $(PYTHON) is not installed"; \
	elif [ -x $(RUFF) ] || { $(PYTHON) -m venv $(TARGET)/venv-ruff && $(TARGET)/venv-ruff/bin/pip install --quiet --disable-pip-version-check ruff==$(RUFF_VERSION); }; then \
		$(RUFF) check . && $(RUFF) format --check .; \
	else echo "skipped: ruff could not be installed"; rm -rf $(TARGET)/venv-ruff; fi

wheel: need-cargo ## Builds the Python wheel, with the command inside (needs maturin)
	$(PYTHON) -m pip wheel --quiet --no-deps --wheel-dir $(TARGET)/wheels .
	@ls -l $(TARGET)/wheels

# The page is put into the program when it is built, so it comes first.
web: ## Builds the dashboard's page
ifeq ($(HAS_NPM),yes)
	@if [ ! -e web/node_modules/.package-lock.json ] || [ web/package-lock.json -nt web/node_modules/.package-lock.json ]; then \
		cd web && npm ci --no-audit --no-fund; fi
	@if [ ! -e web/dist/index.html ] || [ -n "$$(find web/src web/index.html web/vite.config.ts web/package-lock.json -newer web/dist/index.html -print -quit)" ]; then \
		cd web && npm run --silent build; fi
else
	@echo "skipped: the dashboard needs Node 20 with npm; the program works without it"
endif

web-test: web ## Checks the dashboard: types, style, units, journeys in a browser
ifeq ($(HAS_NPM),yes)
	@[ -x "$(CHROMIUM)" ] || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || apt-get install -y -qq chromium >/dev/null 2>&1 || true
	@[ -x "$(CHROMIUM)" ] || echo "skipped: journeys need Chromium; name one with CHROMIUM=/path"
	cd web && EQUIPOISE="$(abspath $(TARGET))/debug/equipoise" npm run --silent check
else
	@echo "skipped: the dashboard's checks need Node 20 with npm"
endif

pdf-test: need-cargo ## Holds scorecards against PDF/UA-1 and PDF/A-2a with an independent validator
	@if ! command -v $(PYTHON) >/dev/null; then echo "skipped: $(PYTHON) is not installed"; \
	elif [ -x $(PDF_PYTHON) ] || { $(PYTHON) -m venv $(TARGET)/venv-pdf && $(TARGET)/venv-pdf/bin/pip install --quiet --disable-pip-version-check $(PDF_VALIDATOR); }; then \
		EQUIPOISE_PDF_PYTHON=$(PDF_PYTHON) $(CARGO) test --workspace --locked --quiet --test it an_independent_validator; \
	else echo "skipped: the validator could not be installed"; rm -rf $(TARGET)/venv-pdf; fi

bench: need-cargo ## Lists the benchmarks and how to run one
	$(CARGO) xtask bench

deny: need-cargo ## Checks licences, advisories and sources of dependencies (needs cargo-deny)
	$(CARGO) deny --workspace check

clean: need-cargo ## Removes what was built
	$(CARGO) clean
	rm -rf $(DEMO)

need-cargo:
	@command -v $(CARGO) >/dev/null || { echo "error: \`$(CARGO)\` is not installed"; echo "hint: install Rust from https://rustup.rs, then try again"; exit 2; } >&2
