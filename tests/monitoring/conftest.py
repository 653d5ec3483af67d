"""The oracles need large packages: where `MLOPS_NEW_DATA_PYTHON` names no Python with them, there are no tests."""

import os

collect_ignore_glob = [] if os.environ.get("MLOPS_NEW_DATA_PYTHON") else ["test_*.py"]
