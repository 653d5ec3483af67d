"""A project's repositories as the Git host has them, fetched into scratch."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mlops_new.errors import Conflict, Invalid
from mlops_new.names import ANSWERS_FILE, Kind, Mark
from mlops_new.ports.git_host import GitAccess, GitHost, HostedRepository
from mlops_new.project.observe import hosted
from mlops_new.system import git
from mlops_new.template.versions import branch_version, recorded
from mlops_new.update.merge_result import Side

_REMOTE = "refs/remotes/origin/"


def fetch_pair(name: str, host: GitHost, private: Path) -> tuple[Side, ...]:
    """Both repositories of a project.

    Args:
        name: The project.
        host: The Git host.
        private: A folder of the command's own.

    Raises:
        Invalid: it is not hosted there, or nothing was pushed.
        Conflict: a repository of its name was not made for it.
    """
    found = {kind: _ours(name, kind, one) for kind, one in hosted(name, host.repositories).items()}
    with ThreadPoolExecutor() as pool:  # a Git host may be far away
        return tuple(pool.map(lambda kind: _fetch(kind, found[kind], host.access, private), found))


def _ours(name: str, kind: Kind, repository: HostedRepository | None) -> HostedRepository:
    if repository is None:
        raise Invalid(f"the {kind} repository of {name} is not hosted here", hint=_HOSTED)
    if repository.mark != Mark(name, kind.value):
        raise Conflict(f"repository {repository.url} exists and was not made for {name}", hint=_FOREIGN)
    if repository.head is None:
        raise Invalid(f"nothing was pushed to {repository.url} yet", hint=f"mlops-new project {name} pushes it")
    return repository


_HOSTED = "check the name and --git; `mlops-new project NAME` makes what is missing"
_FOREIGN = "mlops-new adopt PATH… brings repositories that somebody made by hand under a template version"


def _fetch(kind: Kind, repository: HostedRepository, access: GitAccess, private: Path) -> Side:
    place = private / repository.slug
    git.init_scratch(place)
    git.set_origin(place, repository.url)
    wanted = [f"+refs/heads/{name}:{_REMOTE}{name}" for name in ("main", "mlops-new/*")]
    with access.credentials(repository.url) as env:
        git.run("fetch", "--quiet", "--no-tags", "origin", *wanted, cwd=place, env=env)
    heads = _heads(place)
    answers = git.read(place, f"{_REMOTE}main", ANSWERS_FILE)
    if answers is None:
        raise Invalid(f"{repository.url} has no {ANSWERS_FILE} on main", hint=_FOREIGN)
    updates = {name: sha for name, sha in heads.items() if branch_version(name)}
    return Side(kind, repository.slug, repository.url, place, heads["main"], answers, recorded(answers), updates)


def _heads(place: Path) -> dict[str, str]:
    lines = git.run("for-each-ref", "--format=%(objectname) %(refname)", _REMOTE, cwd=place).splitlines()
    return {ref.removeprefix(_REMOTE): sha for sha, ref in (line.split(" ", 1) for line in lines)}
