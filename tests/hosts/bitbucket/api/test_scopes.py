"""Three tables of scopes agree: the program's, the double's, and Bitbucket's own where it is at hand."""

import pytest

from mlops_new.hosts.bitbucket.api.credentials import AccessToken, ApiToken, Secret
from mlops_new.hosts.bitbucket.api.scopes import held, names, needed
from tests.doubles.bitbucket import access, specification

PERSONAL, ACCESS = ApiToken("ann@example.com", Secret("x")), AccessToken(Secret("x"))


@pytest.mark.parametrize("operation", access.OPERATIONS, ids=lambda one: one.pattern.pattern)
def test_the_program_and_the_double_agree(operation: access.Operation) -> None:
    method, path = operation.example
    wanted = needed(method, path.strip("/"))
    assert set(names(wanted, PERSONAL)) == operation.scopes
    assert held(names(wanted, ACCESS)) >= operation.classic
    assert set(names(wanted, ACCESS)) <= held(operation.classic)


@pytest.mark.skipif(specification.at_hand() is None, reason="Bitbucket's specification is not beside the project")
@pytest.mark.parametrize("operation", access.OPERATIONS, ids=lambda one: one.pattern.pattern)
def test_the_double_and_the_specification_agree(operation: access.Operation) -> None:
    known = specification.at_hand()
    assert known is not None
    assert known.scopes(*operation.example) == operation.scopes
    assert known.classic_scopes(*operation.example) == operation.classic


def test_some_scopes_of_access_tokens_hold_others() -> None:
    assert held(["pullrequest:write"]) >= {"pullrequest", "repository:write", "repository"}
    assert "repository" not in held(["repository:admin", "project:admin"])
