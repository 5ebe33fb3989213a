# Community Access: how to run it and how to check it. `make` alone lists what it can do.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-print-directory
# Dozens of processes start: each reads the bytecode that an earlier one compiled.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
DISTRIBUTIONS := protos services/identity services/billing_link services/portal
CATALOGUES := $(wildcard services/*/src/*/translations/*/LC_MESSAGES/*.po)
PROTO := src/community_access/billing_link/v1/billing_link.proto

# An environment is current while its inputs and its path are unchanged.
made_of = $(shell { pwd; cat requirements/install.sh requirements/uv.txt requirements/$(1).txt \
	$(addsuffix /pyproject.toml,$(DISTRIBUTIONS)); } | cksum | tr -d ' ')
RUN_READY := .venv/.run-$(call made_of,run)
TEST_READY := .venv/.test-$(call made_of,test)

.PHONY: help run env test reliability reliability-table check bench protos assets screenshots lock clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUN_READY) assets ## Start everything on this machine with the sample city; Ctrl-C stops it
	@exec $(BIN)/python -m deploy.local

env: ## Print the settings that `make run` uses, for the commands of the services beside it: eval "$$(make env)"
	@$(BIN)/python -m deploy.local.shell_environment

test: $(TEST_READY) assets ## Run every test; one part of them: make test ARGS="tests/billing_link -n 0"
	@sh tests/system_packages.sh
	@$(BIN)/python -m tests.protocol.clients.prepare
	@$(BIN)/pytest -n 2 --dist loadscope --no-loadscope-reorder --ignore tests/reliability $(ARGS)

reliability: $(TEST_READY) assets ## Freeze, cut and restart what real services depend on; takes minutes
	@sh tests/system_packages.sh
	@$(BIN)/pytest -n 2 tests/reliability $(ARGS)

reliability-table: $(TEST_READY) assets ## Measure the table of docs/reliability.md: attacks and faults beside innocent visitors
	@sh tests/system_packages.sh
	@$(BIN)/pytest -n 0 -q -p no:randomly tests/reliability/attacks_and_faults.py --reliability-table docs/reliability.md $(ARGS)

check: $(TEST_READY) assets ## Check style, types, imports, dependencies, the contract, locks and translations
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy services deploy examples benchmarks
	$(BIN)/lint-imports
	for distribution in $(DISTRIBUTIONS); do (cd $$distribution && $(CURDIR)/$(BIN)/deptry src) || exit; done
	cd protos && ../$(BIN)/buf lint
	$(call generate,build/protos) && diff -r -x '*.py[co]' -x __init__.py -x py.typed -x '*.proto' -x __pycache__ \
		build/protos/src protos/src
	$(BIN)/pytest -q -n 0 tests/rules

bench: $(TEST_READY) assets ## Measure against other providers; writes benchmarks/README.md; roughly: make bench ARGS=--quick
	@$(BIN)/python -m benchmarks $(ARGS)

protos: $(TEST_READY) ## Generate the Python code of the contract
	$(call generate,protos)

assets: $(RUN_READY) $(CATALOGUES:.po=.mo) ## Fetch the design system and compile the translations
	@$(BIN)/python -m deploy.assets.uswds

screenshots: $(TEST_READY) assets ## Take the screenshots that the README shows
	@sh tests/system_packages.sh
	@$(BIN)/pytest -n 0 -q tests/journeys/test_screenshots.py tests/journeys/test_federation_screenshots.py \
		--screenshots docs/screenshots

lock: $(TEST_READY) ## Write the locks from requirements/*.in and the pyproject files; newer versions: make lock UPGRADE=1
	$(call compile,test,$(PYPROJECTS) requirements/run.in requirements/test.in)
	$(call compile,uv,-c requirements/test.txt requirements/uv.in)
	$(call compile,node,requirements/node.in)
	$(call compile,run,-c requirements/test.txt $(PYPROJECTS) requirements/run.in)
	$(call compile,identity,-c requirements/test.txt services/identity/pyproject.toml)
	$(call compile,billing_link,-c requirements/test.txt services/billing_link/pyproject.toml)
	$(call compile,portal,-c requirements/test.txt services/portal/pyproject.toml)
	$(foreach client,$(CLIENTS),$(call compile_to,$(client)requirements.txt,$(client)requirements.in) &&) true

clean: ## Remove what these commands made: environment, assets, local data, caches
	rm -rf .venv .local build deploy/assets/node_modules tests/protocol/clients/node/node_modules
	rm -rf benchmarks/peers/.venv benchmarks/peers/node_modules services/*/src/*/static/uswds examples/*/static/uswds
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -f $(CATALOGUES:.po=.mo)
	find $(DISTRIBUTIONS) deploy tests examples -name __pycache__ -type d -prune -exec rm -rf {} +

PYPROJECTS := $(addsuffix /pyproject.toml,$(DISTRIBUTIONS))
# Third-party clients that tests drive have their own environments and locks.
CLIENTS := $(dir $(wildcard tests/protocol/clients/*/requirements.in))
compile = $(call compile_to,requirements/$(1).txt,--no-emit-package community-access-protos $(2))
compile_to = UV_CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes $(if $(UPGRADE),--upgrade) $(2) -o $(1)
generate = mkdir -p $(1)/src && $(BIN)/python -m grpc_tools.protoc -I protos/src --plugin=$(BIN)/protoc-gen-mypy \
	--plugin=$(BIN)/protoc-gen-mypy_grpc --python_out=$(1)/src --grpc_python_out=$(1)/src --mypy_out=$(1)/src \
	--mypy_grpc_out=$(1)/src protos/$(PROTO)

%.mo: %.po | $(RUN_READY)
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

.venv/.run-%:
	@sh requirements/install.sh run
	@rm -f .venv/.run-* && touch $@

# The packages for testing include those for running.
.venv/.test-%:
	@sh requirements/install.sh test
	@rm -f .venv/.test-* .venv/.run-* && touch $@ $(RUN_READY)
