# Every target makes .venv first: Python 3.11, make and a package index are all that is needed.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help report test test-all lint format derivations figures bench bench-symbolic bench-kernels bench-pullback bench-flows bench-calabi-yau \
        clean

help:          ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 18

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip -c constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@

report: $(READY)       ## the main job, end to end, into report/
	$(BIN)/symgeo report

lint: $(READY)         ## ruff (lint and format) and pyright
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

test: lint             ## lint, then the tests (some 8 minutes on 2 cores)
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadgroup -m "not slow"

test-all: lint         ## the long tests too
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadgroup

format: $(READY)       ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

derivations: $(READY)  ## write every derivation's .tex, .json and, where TeX is found, PDF
	$(BIN)/symgeo derive --all --pdf --output derivations

figures: $(READY)      ## draw every figure into figures/
	$(BIN)/symgeo figure --all --train --output figures

bench: bench-symbolic bench-kernels bench-pullback bench-flows bench-calabi-yau  ## all benchmarks, one thread

bench-symbolic: $(READY)  ## curvature against other systems, into docs/benchmarks/symbolic.md
	$(BIN)/python -m benchmarks.symbolic

bench-pullback: $(READY)  ## geometry of networks against torch.func and JAX, into docs/benchmarks/pullback.md
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.pullback

bench-kernels: $(READY)  ## generated kernels against lambdify, C, JAX and torch, into docs/benchmarks/kernels.md
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.kernels

bench-flows: $(READY)  ## metric flows: seconds and errors against exact solutions, printed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.flows

bench-calabi-yau: $(READY)  ## sigma against seconds of Calabi-Yau metrics, into docs/benchmarks/calabi_yau.md
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.calabi_yau

clean:                 ## remove what the targets made, .venv too
	rm -rf $(VENV) report build dist
