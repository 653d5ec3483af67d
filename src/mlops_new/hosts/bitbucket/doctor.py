"""Can this token do what is needed? What is missing, exactly? Reads only."""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path

from mlops_new.errors import Conflict, Denied, Error
from mlops_new.hosts.bitbucket.api import scopes
from mlops_new.hosts.bitbucket.api.bitbucket_errors import Answer, granted, judge
from mlops_new.hosts.bitbucket.api.scopes import Scope
from mlops_new.hosts.bitbucket.api.transport import at
from mlops_new.hosts.bitbucket.host import BitbucketCloud
from mlops_new.hosts.bitbucket.setup import bitbucket_pipelines
from mlops_new.hosts.bitbucket.setup.setup_model import RepositorySetup
from mlops_new.names import TEMPLATE_MARK, TEMPLATE_SLUG, Kind, Mark, other_name, slug
from mlops_new.ports.checks import Check
from mlops_new.ports.git_host import HostedRepository
from mlops_new.system import git

_SIDE_BY_SIDE = 8
# AWS refuses signatures that are older, and tokens expire by the clock.
_SKEW = 300.0
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def needs_of_project(host: BitbucketCloud, setups: Iterable[RepositorySetup]) -> tuple[Scope, ...]:
    """The scopes that `project` needs for these set-ups."""
    wanted = tuple(setups)
    conditional = {
        scopes.ADMIN_PROJECT: host.connection.hosting.project is None,
        scopes.READ_PIPELINE: any(one.variables or one.deployments or one.schedules for one in wanted),
        scopes.ADMIN_PIPELINE: any(one.variables or any(d.variables for d in one.deployments) for one in wanted),
        scopes.CREATE_ENVIRONMENT: any(one.deployments for one in wanted),
        scopes.WRITE_PIPELINE: any(one.schedules for one in wanted),
        scopes.READ_PULL_REQUEST: any(one.reviewers for one in wanted),
        scopes.READ_WEBHOOK: any(one.webhooks for one in wanted),
        scopes.WRITE_WEBHOOK: any(one.webhooks for one in wanted),
    }
    return (
        scopes.READ_WORKSPACE,
        scopes.READ_PROJECT,
        scopes.READ_REPOSITORY,
        scopes.WRITE_REPOSITORY,
        scopes.ADMIN_REPOSITORY,
        *(scope for scope, is_needed in conditional.items() if is_needed),
    )


def examine(host: BitbucketCloud, needs: Sequence[Scope], project: str | None = None) -> list[Check]:
    """Check everything that can be checked without changing anything.

    Args:
        host: The Git host.
        needs: The scopes that are needed, see `needs_of_project`.
        project: The project that is to be made, if any.
    """
    try:
        answer = host.connection.transport.probe(at("workspaces", host.connection.account.workspace), "reach Bitbucket")
    except Error as error:
        return [_failed("connection", error)]
    refused = judge(answer, "see the workspace")
    if refused and answer.status == HTTPStatus.UNAUTHORIZED:
        return [_failed("token", refused.error)]
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        token = pool.submit(_token, host)
        rights = pool.submit(_rights, host, needs, answer, project or TEMPLATE_SLUG)
        holder = pool.submit(_holder, host, project) if project else None
        marks = _marks(project)
        found = {name: pool.submit(host.repositories.find, name) for name in marks}
        names = [_repository(name, mark, found[name]) for name, mark in marks.items() if mark.project == project]
        checks = [token.result(), _workspace(host, answer), _clock(answer), *rights.result()]
        return [*checks, *([holder.result()] if holder else []), *names, *_usable(host, list(_ours(found, marks)))]


def _marks(project: str | None) -> dict[str, Mark]:
    """The repositories that `project` works on, and the marks that they should have."""
    own = {slug(project, kind): Mark(project, kind.value) for kind in Kind} if project else {}
    return own | {TEMPLATE_SLUG: TEMPLATE_MARK}


def _failed(name: str, error: Error) -> Check:
    return Check(name, ok=False, detail=error.message, hint=error.hint, code=error.code)


def _token(host: BitbucketCloud) -> Check:
    kind = host.connection.account.credentials.kind
    owner = _owner(host)
    whose = f"{kind} of {owner}" if owner else kind
    return Check("token", ok=True, detail=f"{whose}, accepted; Bitbucket does not tell when it expires")


def _owner(host: BitbucketCloud) -> str | None:
    try:
        return host.visible.user()
    except Error:
        return None  # good to know, and no more


def _workspace(host: BitbucketCloud, answer: Answer) -> Check:
    if answer.status == HTTPStatus.OK:
        return Check("workspace", ok=True, detail=host.connection.account.workspace)
    if answer.status == HTTPStatus.FORBIDDEN:  # the missing scope is told among the others
        return Check("workspace", ok=True, detail=f"{host.connection.account.workspace}: not shown with these scopes")
    try:
        host.visible.check()
    except Error as error:
        return _failed("workspace", error)
    return Check("workspace", ok=True, detail=host.connection.account.workspace)


def _clock(answer: Answer) -> Check:
    try:
        ahead = time.time() - parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except ValueError:
        return Check("clock", ok=True, detail="Bitbucket does not tell the time")
    detail = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} Bitbucket's"
    return Check("clock", ok=abs(ahead) < _SKEW, detail=detail, hint="set this machine's clock (NTP)")


def _rights(host: BitbucketCloud, needs: Sequence[Scope], first: Answer, project: str) -> list[Check]:
    """Each scope: from what Bitbucket tells about the token, else from whether it refuses a read that needs it."""
    paths = {scope: path for scope, path in _reads(host, project).items() if scope in needs}
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        answers = dict(zip(paths, pool.map(partial(_answer, host), paths.values()), strict=True))
    told = [names for answer in (first, *answers.values()) if answer and (names := granted(answer)) is not None]
    has = scopes.held(told[0]) if told else None
    wanted = {name: scope for scope in reversed(needs) if (name := scope.named(host.connection.account.credentials))}
    return [_right(name, scope, has, answers.get(scope)) for name, scope in reversed(wanted.items())]


def _answer(host: BitbucketCloud, path: str) -> Answer | None:
    try:
        return host.connection.transport.probe(path, "check the token's scopes")
    except Error:
        return None


def _reads(host: BitbucketCloud, project: str) -> dict[Scope, str]:
    """A read that only a token with the scope may do; whether what it reads exists does not matter."""
    workspace = host.connection.account.workspace
    repository = slug(project, Kind.BUILD)
    return {
        scopes.READ_PROJECT: at("workspaces", workspace, "projects"),
        scopes.READ_REPOSITORY: at("repositories", workspace),
        scopes.ADMIN_REPOSITORY: at("repositories", workspace, repository, "branch-restrictions"),
        scopes.READ_PIPELINE: at("repositories", workspace, repository, "environments"),
        scopes.READ_PULL_REQUEST: at("repositories", workspace, repository, "default-reviewers"),
        scopes.READ_WEBHOOK: at("repositories", workspace, repository, "hooks"),
    }


def _right(name: str, scope: Scope, has: frozenset[str] | None, answer: Answer | None) -> Check:
    refused = answer is not None and answer.status == HTTPStatus.FORBIDDEN
    hint = f"a token's scopes cannot be changed: make a new one that has {name} too"
    if has is not None and name not in has:
        return _lacking(scope, name, "missing", hint)
    if has is None and refused:
        return _lacking(scope, name, "refused", f"{hint}; or its owner lacks the matching right in Bitbucket")
    known = has is not None or answer is not None
    detail = "granted" if known else "cannot be told without writing"
    return Check(f"scope {name}", ok=True, detail=f"{detail}; to {scope.purpose}")


def _lacking(scope: Scope, name: str, how: str, hint: str) -> Check:
    detail = f"{how}; it takes it to {scope.purpose}"
    return Check(f"scope {name}", ok=False, detail=detail, hint=hint, code=Denied.code)


def _holder(host: BitbucketCloud, project: str) -> Check:
    return _name(f"Bitbucket project {host.projects.key(project)}", partial(host.projects.find, project))


def _repository(name: str, mark: Mark, found: "Future[HostedRepository | None]") -> Check:
    def look() -> HostedRepository | None:
        repository = found.result()
        if repository is not None and repository.mark != mark:
            taken = f"repository {repository.url} exists and was not made for this project"
            raise Conflict(taken, hint=other_name(mark, repository.mark))
        return repository

    return _name(f"repository {name}", look)


def _name(name: str, find: Callable[[], object]) -> Check:
    try:
        found = find()
    except Error as error:
        return _failed(name, error)
    return Check(name, ok=True, detail="free" if found is None else "there, and may be used")


def _ours(
    found: Mapping[str, "Future[HostedRepository | None]"], marks: Mapping[str, Mark]
) -> Iterator[HostedRepository]:
    """Repositories of ours that git and Pipelines can be tried on."""
    for name, future in found.items():
        if future.exception() is None:  # the checks of names and scopes tell why not
            repository = future.result()
            if repository is not None and repository.mark == marks[name]:
                yield repository


def _usable(host: BitbucketCloud, existing: Sequence[HostedRepository]) -> Iterator[Check]:
    if not existing:
        yield Check("pipelines", ok=True, detail="known once there is a repository")
        yield Check("git push", ok=True, detail="known once there is a repository")
        return
    yield _pipelines(host, existing[0])
    yield _push(host, existing[0])


def _pipelines(host: BitbucketCloud, repository: HostedRepository) -> Check:
    try:
        is_on = bitbucket_pipelines.enabled(host.connection.repository(repository.slug))
    except Error as error:
        return _failed("pipelines", error)
    return Check("pipelines", ok=True, detail=f"{'on' if is_on else 'not on yet'} for {repository.slug}")


def _push(host: BitbucketCloud, repository: HostedRepository) -> Check:
    """Git itself, with its own proxy and certificates, up to the point where it would send something."""
    try:
        with tempfile.TemporaryDirectory(prefix="mlops-new-") as folder, host.access.credentials(repository.url) as env:
            git.init_scratch(Path(folder))
            commit = git.run("commit-tree", _EMPTY_TREE, "-m", "nothing", cwd=Path(folder), env=git.NOBODY).strip()
            refs = f"{commit}:refs/heads/mlops-new-doctor"
            git.run("push", "--dry-run", "--quiet", repository.url, refs, cwd=Path(folder), env=env)
    except Error as error:
        return Check("git push", ok=False, detail=error.message, hint=error.hint or _GIT_HINT, code=error.code)
    return Check("git push", ok=True, detail=f"possible to {repository.slug}")


_GIT_HINT = "check the scope for pushing, and git's http.proxy and http.sslCAInfo"
