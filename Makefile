PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help demo test speed lint fix clean
.DEFAULT_GOAL := help

help:  ## Say what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(READY)  ## Build, run, score and compare on sample clips, offline, into demo/
	$(BIN)/vmtbench demo --out demo

test: lint  ## Lint, types, import contracts and tests
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --dist worksteal

speed: $(READY)  ## Ratios of speed and memory against named peers, as a table and speed.json
	$(BIN)/python tests/speed/speed.py speed.json

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-cache

fix: $(READY)  ## Mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## Remove the virtual environment and the demo
	rm -rf .venv demo

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| (echo "Python 3.11 or newer is needed, found $$($(PYTHON) --version); run: make PYTHON=python3.12 …" && exit 1)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[demo,models,dev]'
	# Without its own pins, which break beside today's libraries: only its formulas and AMT's network are used.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps \
		vbench clip-anytorch omegaconf imageio
	@touch $(READY)
