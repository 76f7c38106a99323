# One verb a target. Everything installed goes into .venv and .tools.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
TOOLS := .tools/sam/.ready .tools/ministack/.ready

.PHONY: help setup test lint demo sandbox build deploy format requirements clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: .venv/.ready $(TOOLS) ## Install all that the other targets need, into .venv and .tools

demo: setup ## Deploy to the embedded sandbox, break VPCs, watch them heal
	@$(BIN)/python -m sandbox demo

sandbox: setup ## Keep the sandbox up, and print how to talk to it with the AWS CLI
	@$(BIN)/python -m sandbox up

test: setup ## Run every test
	@$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: .venv/.ready ## ruff, mypy --strict and the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@PYTHONPATH=cli:layers/reconciler:. $(BIN)/lint-imports --no-cache

format: .venv/.ready ## Let ruff lay out the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

build: .tools/sam/.ready ## sam build
	@.tools/sam/bin/sam build

deploy: build ## sam deploy, to the account that the AWS CLI is set up for
	@.tools/sam/bin/sam deploy

requirements: .venv/.ready ## Pin the requirement files anew, from the .in files
	@for name in uv dev ministack sam; do \
	  $(UV) pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
	    requirements/$$name.in -o requirements/$$name.txt; done
	@$(UV) pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --python-version 3.13 \
	  --python-platform aarch64-manylinux2014 layers/reconciler/requirements.in -o layers/reconciler/requirements.txt

clean: ## Remove all that setup and build made
	@rm -rf .venv .tools .aws-sam .sandbox out

.venv/.ready: requirements/uv.txt requirements/dev.txt
	@echo "setting up .venv"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements/uv.txt requirements/dev.txt
	@touch $@

.tools/%/.ready: requirements/%.txt | .venv/.ready
	@echo "setting up .tools/$*"
	@test -x .tools/$*/bin/python || $(UV) venv --quiet --python $(BIN)/python .tools/$*
	@$(UV) pip sync --quiet --python .tools/$*/bin/python --require-hashes requirements/$*.txt
	@touch $@
