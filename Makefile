# Targets of hierax. `make` alone lists them.

VENV   := .venv
BIN    := $(VENV)/bin
CACHE  := .cache
# Number of processes that run the tests. Each uses one thread, see below.
WORKERS ?= 2
PYTEST_ARGS ?=
BENCH_ARGS ?=

# The first Python on the path that runs and is at least 3.11; `make demo PYTHON=...` overrides it.
PYTHON ?= $(shell for candidate in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { echo "$$candidate"; break; }; done)

# Compiled kernels and tool caches are kept between runs, inside the project.
export NUMBA_CACHE_DIR := $(CURDIR)/$(CACHE)/numba
export JAX_COMPILATION_CACHE_DIR := $(CURDIR)/$(CACHE)/jax
export RUFF_CACHE_DIR := $(CACHE)/ruff
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export NO_MKDOCS_2_WARNING := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test test-slow lint format types pages docs docs-serve bench bench-learning bench-worlds clean

help: ## list the targets
	@printf '\n  \033[1mhierax\033[0m  hierarchical reinforcement learning in JAX: plan, learn, measure\n\n'
	@printf '  New here? \033[1mmake demo\033[0m: set-up, a plan, a trained agent, and their pictures.\n\n'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[36mmake %-14s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\n  The first run of a target installs what it needs into $(VENV) (Python 3.11 or newer).\n\n'

demo: $(VENV)/.ready-runtime ## plan the Tower of Hanoi, train a point to run and two levels to find a goal, draw the results
	@$(BIN)/hierax demo

test: $(VENV)/.ready-dev ## the fast tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

test-slow: $(VENV)/.ready-oracles ## only the slow tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m slow $(PYTEST_ARGS)

lint: $(VENV)/.ready-dev ## style and likely bugs (ruff)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.ready-dev ## apply the fixes of ruff
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.ready-dev ## types of the package (pyright)
	$(BIN)/pyright

pages: $(VENV)/.ready-docs ## write results, tables and examples anew into the pages of docs/
	$(BIN)/python docs/pages.py

docs: $(VENV)/.ready-docs ## build the documentation into site/; a warning is an error
	$(BIN)/mkdocs build --strict

docs-serve: $(VENV)/.ready-docs ## serve the documentation and rebuild it on every change
	$(BIN)/mkdocs serve

bench: $(VENV)/.ready-bench ## time the planners and other libraries (long)
	$(BIN)/python benchmarks/planning.py $(BENCH_ARGS)

bench-learning: $(VENV)/.ready-bench ## time the agents, SBX and Stable-Baselines3 (long)
	$(BIN)/python benchmarks/learning.py $(BENCH_ARGS)

bench-worlds: $(VENV)/.ready-bench ## time the MuJoCo worlds, raw physics, Gymnasium and dm_control
	$(BIN)/python benchmarks/worlds.py $(BENCH_ARGS)

clean: ## remove everything that these targets made
	rm -rf $(VENV) $(CACHE) site dist .hypothesis .pytest_cache .ruff_cache
	find src tests -type d -name __pycache__ -prune -exec rm -rf {} +

# One thread per process: tests run in parallel, and benchmarks count CPU seconds.
test test-slow bench: export OMP_NUM_THREADS := 1
test test-slow bench: export OPENBLAS_NUM_THREADS := 1
test test-slow bench: export MKL_NUM_THREADS := 1
test test-slow bench: export NUMBA_NUM_THREADS := 1
test test-slow bench: export NPROC := 1
test test-slow bench: export XLA_FLAGS := --xla_cpu_multi_thread_eigen=false
# Compilation takes most of the time of the tests. These options take half of it and more off; results differ only by rounding.
# The slow tests also compute for long, so their code is optimised a little. The benchmarks compile as users do.
test test-slow: export XLA_FLAGS += --xla_cpu_use_fusion_emitters=false
test: export XLA_FLAGS += --xla_backend_optimization_level=0
test-slow: export XLA_FLAGS += --xla_backend_optimization_level=1
# A function is compiled in one piece: pieces are for many cores, and each costs time of its own.
test test-slow: export XLA_FLAGS += --xla_cpu_parallel_codegen_split_count=1

# One stamp file for each set of packages: $(VENV)/.ready-dev exists if `.[dev]` is installed with pinned versions.
$(VENV)/.ready-runtime: EXTRA :=
$(VENV)/.ready-dev: EXTRA := [dev]
$(VENV)/.ready-docs: EXTRA := [docs]
$(VENV)/.ready-oracles: EXTRA := [dev,oracles]
$(VENV)/.ready-bench: EXTRA := [bench]
# torch is installed first and alone: pip then takes the build without the large GPU packages.
$(VENV)/.ready-oracles $(VENV)/.ready-bench: FIRST := torch==2.13.0

$(VENV)/.ready-%: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing hierax$(EXTRA) into $(VENV): only once, one to three minutes..."
	@for first in $(FIRST); do $(BIN)/python -m pip install -qq "$$first" || exit 1; done
	@$(BIN)/python -m pip install -qq --constraint constraints.txt --editable '.$(EXTRA)'
	@touch $@

$(BIN)/python:
	@python="$(PYTHON)"; \
	"$${python:-false}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	{ echo "hierax needs Python 3.11 or newer, and '$${python:-python3}' is not: make demo PYTHON=/path/to/python3.11" >&2; exit 1; }; \
	"$$python" -m venv $(VENV)
