"""Three tables of scopes agree: the program's, the double's, and Bitbucket's own where it is at hand."""

import pytest

from mlops_new.hosts.bitbucket.credentials import ApiToken, Secret
from mlops_new.hosts.bitbucket.scopes import held, names, needed
from tests.doubles.bitbucket import access, specification

CREDENTIALS = ApiToken("ann@example.com", Secret("x"))
OPERATIONS = [
    (*pattern.pattern.replace("[^/]+", "x").replace("\\", "").split(), scopes) for pattern, scopes in access.OPERATIONS
]


@pytest.mark.parametrize(("method", "path", "scopes"), OPERATIONS)
def test_the_program_and_the_double_agree(method: str, path: str, scopes: frozenset[str]) -> None:
    assert set(names(needed(method, path.strip("/")), CREDENTIALS)) == scopes


@pytest.mark.skipif(specification.at_hand() is None, reason="Bitbucket's specification is not beside the project")
@pytest.mark.parametrize(("method", "path", "scopes"), OPERATIONS)
def test_the_double_and_the_specification_agree(method: str, path: str, scopes: frozenset[str]) -> None:
    known = specification.at_hand()
    assert known is not None
    assert known.scopes(method, path) == scopes


def test_some_scopes_of_access_tokens_hold_others() -> None:
    assert held(["pullrequest:write"]) >= {"pullrequest", "repository:write", "repository"}
    assert "repository" not in held(["repository:admin", "project:admin"])
