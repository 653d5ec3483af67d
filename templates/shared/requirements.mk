# Packages are pinned with the hash of each of their files, for Linux and macOS alike: pip refuses any other file.
UV_ENVIRONMENT := .venv-uv

.PHONY: requirements

requirements: $(UV_ENVIRONMENT)/ready  ## write every requirements.txt from its requirements.in
	@for file in $$(git ls-files '*requirements*.in'); do \
	    echo "$${file%.in}.txt"; \
	    $(UV_ENVIRONMENT)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	        --no-emit-index-url --no-emit-find-links --custom-compile-command 'make requirements' \
	        $$file --output-file $${file%.in}.txt || exit 1; \
	done

$(UV_ENVIRONMENT)/ready:
	$(PYTHON) -m venv --clear $(UV_ENVIRONMENT)
	$(UV_ENVIRONMENT)/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	touch $@
