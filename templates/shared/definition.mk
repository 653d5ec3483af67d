# The SageMaker SDK is large and pins much of what it needs: it has an environment of its own, made when first used.
SDK_PYTHON = .venv-sdk/bin/python

.PHONY: definition check-definition

definition: .venv-sdk/.installed ## compile the pipelines and write their definitions
	$(SDK_PYTHON) definition.py

check-definition: .venv-sdk/.installed ## fail where a committed definition is not what its pipeline compiles to
	$(SDK_PYTHON) definition.py --check

.venv-sdk/.installed: requirements-sdk.txt
	python3 -m venv .venv-sdk
	$(SDK_PYTHON) -m pip install --quiet --disable-pip-version-check --requirement requirements-sdk.txt
	touch $@
