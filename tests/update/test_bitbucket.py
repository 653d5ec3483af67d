"""Updates on Bitbucket: branches pushed, pull requests opened, whatever request fails."""

import pytest

from mlops_new.names import Kind, Mark
from tests.doubles.bitbucket import After, Before, Drop
from tests.doubles.bitbucket.faults import How
from tests.e2e.acme import NAME, SLUGS
from tests.update.fork import NEWEST, git
from tests.update.organisation import Acme

BRANCH = f"mlops-new/template-{NEWEST}"


def test_a_pull_request_in_both_repositories(organisation: Acme) -> None:
    server = organisation.server
    told = organisation.update()
    assert told.code == 0, told.err
    assert organisation.pull_requests() == [[f"Update to template {NEWEST}"]] * 2
    (build,) = server.repository(SLUGS[0]).pull_requests.values()
    assert told.document["build"]["pull_request"] == build["links"]["html"]["href"]
    assert build["source"]["branch"]["name"] == BRANCH
    assert build["close_source_branch"] is True
    description = build["description"]
    assert description.endswith(str(Mark(NAME, "build")))
    for words in ("Learn more slowly", "changed  config.toml (+1 -1)", "deleted  data/README.md", f"**{NEWEST}**"):
        assert words in description
    assert [request for request in server.writes if request.path.endswith("pullrequests")]

    server.forget()
    again = organisation.update(every=True)
    assert again.code == 0, again.err
    assert again.document["projects"][0]["changed"] is False
    assert again.document["projects"][0]["build"]["pull_request"] == build["links"]["html"]["href"]
    assert server.writes == []


@pytest.mark.slow
@pytest.mark.parametrize("how", [Before(500), After(500), Drop(after=True)], ids=["before", "after", "no answer"])
def test_a_pull_request_that_fails_is_opened_by_the_same_command(organisation: Acme, how: How) -> None:
    server = organisation.server
    server.fail(how, method="POST", path=f"{SLUGS[1]}/pullrequests", times=None)
    organisation.update()
    server.heal()
    told = organisation.update()
    assert told.code == 0, told.err
    assert organisation.pull_requests() == [[f"Update to template {NEWEST}"]] * 2


@pytest.mark.slow
def test_what_was_merged_meanwhile_comes_along(organisation: Acme) -> None:
    server = organisation.server
    organisation.update()
    tip = server.repository(SLUGS[0]).heads[f"refs/heads/{BRANCH}"]
    bare = server.repository(SLUGS[0]).git
    tree = git(bare, "rev-parse", "main^{tree}")
    moved = git(bare, "commit-tree", tree, "-p", "main", "-m", "meanwhile")
    git(bare, "update-ref", "refs/heads/main", moved)
    server.repository(SLUGS[0]).heads["refs/heads/main"] = moved
    told = organisation.update()
    assert told.code == 0, told.err
    renewed = server.repository(SLUGS[0]).heads[f"refs/heads/{BRANCH}"]
    assert renewed != tip
    assert git(bare, "rev-parse", f"{renewed}^") == moved
    assert organisation.pull_requests() == [[f"Update to template {NEWEST}"]] * 2


@pytest.mark.slow
def test_a_branch_that_somebody_else_works_on_is_left_alone(organisation: Acme) -> None:
    server = organisation.server
    organisation.update()
    bare = server.repository(SLUGS[1]).git
    theirs = git(bare, "commit-tree", f"{BRANCH}^{{tree}}", "-p", BRANCH, "-m", "theirs")
    git(bare, "update-ref", f"refs/heads/{BRANCH}", theirs)
    told = organisation.update()
    assert (told.code, told.document["changed"]) == (0, False)
    assert git(bare, "rev-parse", BRANCH) == theirs


@pytest.mark.slow
@pytest.mark.parametrize("kind", Kind)
def test_a_push_that_is_refused_leaves_the_way_on(organisation: Acme, kind: Kind) -> None:
    server = organisation.server
    server.fail(Before(403, "no", "text/plain"), path=f"{NAME}-{kind}.git/git-receive-pack", times=None)
    refused = organisation.update()
    assert refused.code == 4
    assert organisation.pull_requests() == [[], []]
    server.heal()
    assert organisation.update().code == 0
    assert organisation.pull_requests() == [[f"Update to template {NEWEST}"]] * 2
