# From a clean checkout: `make test`. Every target sets up what it needs; nothing is installed outside of .venv and the cache
# (~/.cache/release-coordinator), but for Debian packages when you are root (scripts/tools.sh).

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON := .venv/bin/python
IMAGE ?= release-coordinator:dev
# Set to name tests: make test TESTS=tests/rollout
TESTS ?= tests
# Which random runs: make soak SEEDS=10000 FROM=2000
SEEDS ?= 2000
FROM ?= 0
# What to measure, and where: make bench NAME=burst ON=real
NAME ?=
ON ?= playground

.PHONY: help demo playground test soak lint bench bench-gates provision controlplane crds docs lock kind image

help: ## This list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: .venv/requirements-dev.txt ## The main job, told live on a cluster in one process; needs nothing but Python
	@$(PYTHON) -m playground.demo

playground: .venv/requirements-dev.txt ## A cluster in one process with the controller in it, for your own kubectl, until Ctrl-C
	@$(PYTHON) -m controller.cli playground

test: provision ## Set up everything, then lint and all tests, those on the real control plane among them (TESTS=…: those only)
	scripts/test.sh $(TESTS)

soak: .venv/requirements-dev.txt ## Random faults in simulation: SEEDS=n FROM=s; fails if one run does not hold
	$(PYTHON) -m tests.simulation soak --count $(SEEDS) --from $(FROM)

lint: .venv/requirements-dev.txt ## Style, types, layers
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: $(if $(filter real,$(ON)),provision,.venv/requirements-dev.txt) ## Measure: all, or NAME=rollback|calls|burst|idle|start; ON=playground or real
	$(PYTHON) -m bench $(NAME) --on $(ON)

bench-gates: .venv-bench/requirements-bench.txt ## Measure the gates' tests against other tools' rules, into docs/gates-benchmark.md (15 minutes)
	.venv-bench/bin/python -m bench.gates

provision: .venv/requirements-dev.txt ## Find or build etcd, kube-apiserver, Prometheus, … (once; 14 minutes, needs Go 1.26)
	@scripts/tools.sh
	$(PYTHON) -m tests.controlplane.binaries

controlplane: provision ## A real control plane with gateway and Prometheus on this machine, until Ctrl-C
	$(PYTHON) -m tests.controlplane up

crds: .venv/requirements-dev.txt ## Generate the chart's CRDs from the models
	$(PYTHON) -m controller.api.crds charts/release-coordinator/templates/crds

docs: .venv/requirements-dev.txt ## Draw docs/phases.md from the table of phases, docs/reference.md from the models
	$(PYTHON) -m scripts.phases
	$(PYTHON) -m scripts.reference

lock: ## Bring the requirements*.txt up to date with pyproject.toml (LOCK=--upgrade: newest versions)
	uv=$$(scripts/uv.sh); compile="$$uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header"; \
	$$compile $(LOCK) pyproject.toml --output-file requirements.txt; \
	$$compile $(LOCK) pyproject.toml --all-extras --group dev --output-file requirements-dev.txt; \
	$$compile $(LOCK) --group bench --output-file requirements-bench.txt

kind: .venv/requirements-dev.txt ## Tests on a kind cluster (needs Docker; see docs/kind.md)
	scripts/kind.sh

image: ## Build the container image (CONTRACTS=1: with what gates of the form contract need)
	docker build -f Containerfile $(if $(CONTRACTS),--build-arg TOOLS=oasdiff) -t $(IMAGE) .

# The environment is exactly the lock file. The project itself is not installed: it runs from the tree. The distribution's Python
# comes first where it is new enough: it is built with profile-guided optimisation, and the tests take a tenth less time.
.venv/requirements-dev.txt: requirements-dev.txt
	uv=$$(scripts/uv.sh); [ -x $(PYTHON) ] || PATH="/usr/bin:$$PATH" $$uv venv --quiet .venv; \
	$$uv pip sync --python $(PYTHON) --require-hashes requirements-dev.txt
	cp $< $@

.venv-bench/requirements-bench.txt: requirements-bench.txt
	uv=$$(scripts/uv.sh); [ -x .venv-bench/bin/python ] || $$uv venv --quiet .venv-bench; \
	$$uv pip sync --python .venv-bench/bin/python --require-hashes requirements-bench.txt
	cp $< $@
