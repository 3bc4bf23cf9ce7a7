# Two commands on a fresh machine with Python 3.11 or newer: `make demo` and `make test`.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
LOCK   := requirements/dev.txt
RATIO  ?= 50

.PHONY: help demo test lint types unit chaos bench bench-peers bench-ratio bench-kafka mutants setup lock build clean

help:
	@echo "make demo         January 2026 through a real Kafka, from the closes to the messages"
	@echo "make demo KEEP=1  the same, and leave it running"
	@echo "make test         style, types, layout and all tests"
	@echo "make unit         only the tests that need no Kafka"
	@echo "make chaos        kills, zombies, outages and damage by the hundred (half an hour; docs/guarantees.md)"
	@echo "make bench        speed and memory, beside numpy and pandas in the same run (bench/README.md)"
	@echo "make bench-peers  one job on one Kafka: Faust, Quix, Bytewax, Kafka Streams, loops, and this"
	@echo "make bench-kafka  latency, the closing bell, growth and start-up, on a Kafka of its own"
	@echo "make bench-ratio  whether it is RATIO times as fast as plain Faust (default: $(RATIO))"
	@echo "make mutants      whether the tests notice each small change of the core (docs/mutation.md)"
	@echo "make lock         write the locked requirements anew"

demo: $(READY)
	@$(BIN)/streakwatch demo $(if $(KEEP),--keep)

# two at a time: most tests of Kafka wait for it; a file's tests stay together
test: lint types
	$(BIN)/pytest -n 2 --dist loadfile

unit: $(READY)
	$(BIN)/pytest -m "not kafka"

chaos: $(READY)
	CHAOS=long $(BIN)/pytest tests/chaos

bench: $(READY)
	$(BIN)/python bench/kernel.py
	$(BIN)/python bench/state.py
	$(BIN)/python bench/frames.py
	$(BIN)/python bench/stages.py
	$(BIN)/python bench/ticks.py
	$(BIN)/python bench/burst.py
	$(BIN)/python bench/pictures.py

bench-peers: $(READY)
	$(BIN)/python bench/peers.py

bench-kafka: $(READY)
	$(BIN)/python bench/latency.py
	$(BIN)/python bench/bell.py
	$(BIN)/python bench/growth.py
	$(BIN)/python bench/startup.py

bench-ratio: $(READY)
	$(BIN)/python bench/peers.py --small --at-least $(RATIO)

mutants:
	rm -rf build/mutants && mkdir -p build/mutants
	cp -r streams alerts config tests pyproject.toml README.md build/mutants
	$(PYTHON) -m venv build/mutants/.venv
	build/mutants/.venv/bin/pip install -q --no-deps --require-hashes -r $(LOCK)
	build/mutants/.venv/bin/pip install -q mutmut==3.8.1
	cd build/mutants && .venv/bin/mutmut run && .venv/bin/mutmut results

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(READY)
	$(BIN)/mypy

setup: $(READY)

$(READY): $(LOCK) pyproject.toml hatch_build.py streams/frames/gather.c
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; give it with: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV) || \
	  { echo "python -m venv failed (on Debian and Ubuntu: apt install python3-venv)"; rm -rf $(VENV); exit 1; }
	@echo "installing the locked requirements (once; about a minute)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r $(LOCK)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

COMPILE = $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
	--no-annotate --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
	--no-emit-options

lock: $(READY)
	$(COMPILE) --extra dev --extra demo --extra plot -o requirements/dev.txt pyproject.toml
	$(COMPILE) --extra fast --extra plot -c requirements/dev.txt -o requirements/worker.txt pyproject.toml

build: $(READY)
	$(BIN)/python -m build --no-isolation

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
