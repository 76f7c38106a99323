# One verb a target. Everything installed goes into .venv and .tools.
# Needs Python 3.11 or newer. Where python3 is an older one: make PYTHON=python3.12 demo
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
TOOLS := .tools/sam/.ready .tools/ministack/.ready
# A module that Ctrl-C ends without a traceback: $(call run,PYTHON,MODULE ARGUMENTS)
run = $(1) -S sandbox/start.py $(2) 3>&2 2>/dev/null
sam = PATH="$(CURDIR)/$(BIN):$$PATH" $(call run,.tools/sam/bin/python,samcli $(1))
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))

# An environment whose Python has gone is no longer ready.
$(foreach made,.venv .tools/sam .tools/ministack,$(shell test -x $(made)/bin/python || rm -f $(made)/.ready))

# What uv and SAM keep at home is kept here where home cannot be written.
ifneq ($(shell test -w "$${HOME:-}" && echo writable),writable)
export UV_CACHE_DIR ?= $(CURDIR)/.tools/cache
export __SAM_CLI_APP_DIR ?= $(CURDIR)/.tools/sam-home
endif

.PHONY: help setup test lint demo sandbox bench runtime build deploy format requirements clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: .venv/.ready $(TOOLS) ## Install all that the other targets need, into .venv and .tools

demo: setup ## Deploy to the embedded sandbox, break VPCs, watch them heal
	@$(call run,$(BIN)/python,sandbox demo)

sandbox: setup ## Keep the sandbox up, and print how to talk to it with the AWS CLI
	@$(call run,$(BIN)/python,sandbox up)

test: setup ## Run every test
	@$(BIN)/python -m pytest -n 2 --dist loadscope

lint: .venv/.ready ## ruff, mypy --strict and the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@PYTHONPATH=cli:layers/reconciler:. $(BIN)/lint-imports --no-cache

format: .venv/.ready ## Let ruff lay out the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# Built anew: SAM's cache may have a layer that was built without python3.13, and so without bytecode.
bench: runtime .tools/sam/.ready .tools/bench/.ready .tools/custodian/.ready ## Measure what it costs, into benchmarks/results.md; needs python3.13
	@$(call sam,build --no-cached)
	@PYTHONPATH=cli:layers/reconciler:. $(BIN)/python -m benchmarks

runtime:
	@python3.13 -c '' 2>/dev/null || { echo "make bench measures on the functions' own Python: install Python 3.13," \
	  "and have \`python3.13 --version\` work here (with pyenv: pyenv global, or PYENV_VERSION)" >&2; exit 1; }

build: .tools/sam/.ready ## sam build
	@$(call sam,build)

# SAM reads AWS_DEFAULT_REGION only, the AWS CLI also AWS_REGION, which goes before.
ifdef AWS_REGION
deploy: export AWS_DEFAULT_REGION := $(AWS_REGION)
endif
deploy: .tools/sam/.ready ## sam build && sam deploy, to the account that the AWS CLI is set up for
	@$(call run,$(BIN)/python,sandbox.caller)
	@$(call sam,build)
	@$(call sam,deploy)

requirements: .venv/.ready ## Pin the requirement files anew, from the .in files
	@for name in uv dev ministack sam; do \
	  $(UV) pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
	    requirements/$$name.in -o requirements/$$name.txt; done
	@$(UV) pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --python-version 3.13 \
	  --python-platform aarch64-manylinux2014 layers/reconciler/requirements.in -o layers/reconciler/requirements.txt
	@$(UV) pip compile --quiet --no-deps --generate-hashes --no-emit-index-url --python-version 3.13 \
	  layers/reconciler/build/requirements.in -o layers/reconciler/build/requirements.txt
	@$(UV) pip compile --quiet --generate-hashes --no-emit-index-url --python-version 3.13 \
	  benchmarks/requirements.in -o benchmarks/requirements.txt
	@$(UV) pip compile --quiet --generate-hashes --no-emit-index-url --python-version 3.13 \
	  benchmarks/custodian/requirements.in -o benchmarks/custodian/requirements.txt

clean: ## Remove all that setup and build made
	@rm -rf .venv .tools .aws-sam .sandbox out

# What was begun and not ended is begun anew. What a tool says is shown where it fails, and not where Ctrl-C ends it.
quietly = trap 'exit 130' INT; said=$$($(1) 2>&1) || { echo "$$said" >&2; exit 1; }

.venv/.ready: requirements/uv.txt requirements/dev.txt
	@echo "setting up .venv"
	@test -e $@ && $(BIN)/python -c '$(NEW_ENOUGH)' 2>/dev/null \
	  || requirements/make_venv.sh "$(PYTHON)" $(MAKECMDGOALS)
	@rm -f $@
	@$(call quietly,$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt)
	@$(call quietly,$(UV) pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements/uv.txt requirements/dev.txt)
	@touch $@

.tools/%/.ready: requirements/%.txt | .venv/.ready
	@echo "setting up .tools/$*"
	@test -e $@ && .tools/$*/bin/python -c '' 2>/dev/null \
	  || { $(call quietly,$(UV) venv --quiet --clear --python $(BIN)/python .tools/$*); }
	@rm -f $@
	@$(call quietly,$(UV) pip sync --quiet --compile-bytecode --python .tools/$*/bin/python --require-hashes requirements/$*.txt)
	@touch $@

# The functions' own Python: what they cost is measured with it, and Cloud Custodian beside them.
.tools/bench/.ready: benchmarks/requirements.txt
.tools/custodian/.ready: benchmarks/custodian/requirements.txt
.tools/bench/.ready .tools/custodian/.ready: | .venv/.ready
	@echo "setting up $(@D)"
	@test -e $@ && $(@D)/bin/python -c '' 2>/dev/null \
	  || { $(call quietly,$(UV) venv --quiet --clear --no-python-downloads --python 3.13 $(@D)); }
	@rm -f $@
	@$(call quietly,$(UV) pip sync --quiet --python $(@D)/bin/python --compile-bytecode --require-hashes $<)
	@touch $@
