# The SageMaker SDK is large, and pins much of what it needs: it has an environment of its own, made when first used.
SDK_ENVIRONMENT := .venv-sdk

.PHONY: definition check-definition

definition: $(SDK_ENVIRONMENT)/ready  ## compile the pipelines and write their definitions
	$(SDK_ENVIRONMENT)/bin/python definition.py

check-definition: $(SDK_ENVIRONMENT)/ready  ## fail where a definition is not what its pipeline compiles to
	$(SDK_ENVIRONMENT)/bin/python definition.py --check

$(SDK_ENVIRONMENT)/ready: requirements-sdk.txt
	$(PYTHON) -m ci.environment $(SDK_ENVIRONMENT) -r requirements-sdk.txt
	touch $@
