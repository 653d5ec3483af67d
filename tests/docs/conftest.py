"""The pages share the environments of the other tests that run pipelines."""

from tests.e2e.conftest import data_python, shared_home

__all__ = ["data_python", "shared_home"]
