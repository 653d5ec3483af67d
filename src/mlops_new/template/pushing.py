"""Pushing where an answer may be lost: before it is called failed, whether it arrived all the same is looked up."""

from collections.abc import Callable, Mapping

from mlops_new.ports.git_host import GitAccess
from mlops_new.system import git

Env = Mapping[str, str]


def push_and_settle(
    access: GitAccess, url: str, push: Callable[[Env], None], arrived: Callable[[Env], bool], *, tries: int = 1
) -> None:
    """Push; once more where git did not see yet what was created a moment ago.

    Args:
        access: Git's way to the repository.
        url: The repository.
        push: Pushes, with git's environment; the same twice does no harm.
        arrived: After a failure: whether what was to be pushed is there, or somebody has pushed the same.
        tries: 2 pushes once more after any failure.

    Raises:
        GitError: it failed and did not arrive.
    """
    with access.credentials(url) as env:
        try:
            _once(env, push, arrived)
        except git.GitError:
            if not access.appears(url) and tries == 1:
                raise
            _once(env, push, arrived)


def _once(env: Env, push: Callable[[Env], None], arrived: Callable[[Env], bool]) -> None:
    try:
        push(env)
    except git.GitError:
        if not _is_there(env, arrived):
            raise


def _is_there(env: Env, arrived: Callable[[Env], bool]) -> bool:
    try:
        return arrived(env)
    except git.GitError:  # there is no way to look: the failure before says more
        return False
