# Everything a fresh machine needs is Python 3.11+, git and make. Each target sets up what it uses.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Makes an environment, with uv where it is on PATH, else with pip: FOLDER and what goes into it. The repositories that
# are made with the templates carry the same program.
environment = cd templates/shared && $(PYTHON) -m ci.environment $(CURDIR)/$(1)

.PHONY: help demo test test-slow test-all lint format structure bench bench-accuracy bench-monitoring-power test-sdk test-oracles test-airflow check-template environments definitions docs clean

help:
	@echo "make demo         make a project and run a model's whole life on this machine (a minute or two)"
	@echo "make test         lint, types, and the quick tests: all modules, and a project's whole life (about 5 minutes)"
	@echo "make test-slow    the other tests: every fault, every kill, every kind of repository, the whole sample"
	@echo "make test-all     make test, make test-slow and the suites below, side by side (about 30 minutes)"
	@echo "make test-sdk     compile the templates' pipelines with the SageMaker SDK and compare (1 GB environment)"
	@echo "make test-oracles compare the monitoring with shap, lightgbm and other independent computations"
	@echo "make test-airflow run the DAGs on Airflow 2 and 3 against mlops-new serve (two environments of 400 MB)"
	@echo "make check-template render every combination of answers, and update every released version"
	@echo "make bench        the speed ratios that docs/explanation/figures.md quotes"
	@echo "make bench-monitoring-power   false alarms and misses of the monitoring beside other rules (WHOLE=1: hours)"
	@echo "make bench-accuracy the trained model against plain LightGBM and scikit-learn on twelve public tables"
	@echo "make structure    how the sources are built, beside the bars that keep them readable"
	@echo "make docs         build the site of docs/ into build/site, without network"
	@echo "make definitions  recompile the templates' definitions after editing a pipeline.py"

demo: $(VENV)/installed
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh tools/demo.sh

test: $(VENV)/installed-dev lint
	$(BIN)/pytest -n 2 --dist worksteal -m "not slow" $(PYTEST_ARGS)

test-slow: $(VENV)/installed-dev
	$(BIN)/pytest -n 2 --dist worksteal -m slow $(PYTEST_ARGS)

# No test runs twice: what `make test` runs is no part of the others.
test-all:
	-@$(MAKE) --jobs 2 --keep-going environments
	@sh tools/test_all.sh

environments: $(VENV)/installed-dev .venv-sdk/installed .venv-oracles/installed .venv-airflow2/installed .venv-airflow3/installed .venv-docs/installed

lint: $(VENV)/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/deptry src

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

structure: $(VENV)/installed
	$(BIN)/python tools/structure.py

test-sdk: $(VENV)/installed-dev .venv-sdk/installed
	MLOPS_NEW_SDK_PYTHON="$(CURDIR)/.venv-sdk/bin/python" $(BIN)/pytest tests/sdk

test-oracles: $(VENV)/installed-dev .venv-oracles/installed
	MLOPS_NEW_DATA_PYTHON="$(CURDIR)/.venv-oracles/bin/python" $(BIN)/pytest tests/monitoring

# What the deploy repository reads its DAGs with, too.
test-airflow: $(VENV)/installed-dev .venv-airflow2/installed .venv-airflow3/installed
	MLOPS_NEW_AIRFLOW2_PYTHON="$(CURDIR)/.venv-airflow2/bin/python" \
	MLOPS_NEW_AIRFLOW3_PYTHON="$(CURDIR)/.venv-airflow3/bin/python" $(BIN)/pytest tests/airflow

# The released versions are this checkout's tags. What went well is known until a template changes.
check-template: $(VENV)/installed
	MLOPS_NEW_HOME="$(CURDIR)/$(VENV)/template-check" $(BIN)/mlops-new template check --released "$(CURDIR)"

definitions: $(VENV)/installed .venv-sdk/installed
	$(BIN)/python tools/compile_definitions.py --sdk-python .venv-sdk/bin/python

docs: .venv-docs/installed
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --quiet --strict
	.venv-docs/bin/python tools/check_site.py build/site

bench: $(VENV)/installed-dev
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m bench

# -P: bench/ has a module `monitoring`, too.
bench-monitoring-power: $(VENV)/installed .venv-oracles/installed
	BENCH_PYTHON="$(CURDIR)/.venv-oracles/bin/python" sh bench/power/run.sh $(if $(WHOLE),--whole)

# One thread: processor time is compared, and threads that wait for each other spend it.
bench-accuracy: $(VENV)/installed-dev .venv-accuracy/installed
	MLOPS_NEW_ACCURACY_PYTHON="$(CURDIR)/.venv-accuracy/bin/python" OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= \
	$(BIN)/python -m bench.accuracy

$(VENV)/installed: pyproject.toml
	@$(call environment,$(VENV)) --keep --editable $(CURDIR)
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed pyproject.toml requirements-dev.txt tests/e2e/public_tables.txt
	@$(call environment,$(VENV)) --keep --requirement $(CURDIR)/requirements-dev.txt
	@$(call environment,$(VENV)) --keep --no-deps --requirement $(CURDIR)/tests/e2e/public_tables.txt
	@touch $@

# With the program itself: the reference is made from its code.
.venv-docs/installed: requirements-docs.txt pyproject.toml
	@$(call environment,.venv-docs) --requirement $(CURDIR)/requirements-docs.txt --editable $(CURDIR)
	@touch $@

.venv-oracles/installed: templates/build/container/requirements.txt tests/monitoring/requirements.txt
	@$(call environment,.venv-oracles) $(addprefix --requirement $(CURDIR)/,$^)
	@touch $@

.venv-accuracy/installed: templates/build/container/requirements.txt bench/requirements-accuracy.txt
	@$(call environment,.venv-accuracy) $(addprefix --requirement $(CURDIR)/,$^)
	@touch $@

.venv-airflow%/installed: templates/deploy/requirements-airflow%.txt
	@$(call environment,.venv-airflow$*) --requirement $(CURDIR)/$<
	@touch $@

# The pins first: the SDK and all of ours at once keep pip searching for many minutes.
.venv-sdk/installed: templates/shared/requirements-sdk.txt pyproject.toml
	@$(call environment,.venv-sdk) --requirement $(CURDIR)/$<
	@$(call environment,.venv-sdk) --keep --editable "$(CURDIR)[sdk]"
	@touch $@

clean:
	rm -rf $(VENV) .venv-accuracy .venv-airflow2 .venv-airflow3 .venv-docs .venv-oracles .venv-sdk build dist demo .mypy_cache .pytest_cache .ruff_cache
