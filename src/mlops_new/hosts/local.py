"""Bare repositories in a folder: the Git host of people without an account."""

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from mlops_new.errors import Conflict
from mlops_new.names import ANSWERS_FILE, Kind, Mark, parse_mark
from mlops_new.ports.checks import Check
from mlops_new.ports.git_host import HostedRepository, Listed, Marked
from mlops_new.ports.host_setup import SetUp
from mlops_new.ports.step import Step
from mlops_new.system import git
from mlops_new.system.files import PARTIAL, make_folder, readable_errors, remove_whole, staged, staging, sweep
from mlops_new.system.git_trees import listing

_SIDE_BY_SIDE = 8  # processes of Git's
# What is pushed stays the pack it came in: a file for each object costs a disk flush for each, three times as long.
_AS_ONE_PACK = "[transfer]\n\tunpackLimit = 1\n"


class LocalHost:
    """A folder as a Git host.

    Args:
        folder: Holds, or will hold, the repositories.
    """

    def __init__(self, folder: Path) -> None:
        self.repositories = LocalRepositories(folder)
        self.pull_requests = LocalBranches(folder)
        self.access = LocalAccess()

    def workspace(self) -> None:
        """There is no CI."""


class LocalRepositories:
    """Repositories at `<folder>/<slug>.git`; git's own `description` file carries the mark."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def url(self, slug: str) -> str:
        """The path, which ends in `.git` because Copier takes a bare repository for a plain folder otherwise."""
        return str(_path(self._folder, slug))

    def find(self, slug: str) -> HostedRepository | None:
        """The repository, or None."""
        path = _path(self._folder, slug)
        if not path.exists():
            return None
        return HostedRepository(slug, self.url(slug), _read_mark(path), _main(path))

    def marked(self) -> list[Marked]:
        """Every repository in the folder that carries a mark of ours."""
        paths = sorted(path for path in self._folder.glob("*.git") if not path.name.startswith("."))
        return [Marked(path.stem, str(path), mark) for path in paths if (mark := _read_mark(path))]

    def overview(self, project: str | None = None) -> list[Listed]:
        """What `main` of every repository of ours holds, or of one project's."""
        chosen = [one for one in self.marked() if project in {None, one.mark.project}]
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            return list(pool.map(_listed, chosen))

    def create(self, slug: str, *, mark: Mark, description: str) -> HostedRepository:
        """Create it marked: made beside its place and moved there whole."""
        found = self.find(slug)
        if found is None:
            self._create(slug, f"{mark}\n{description}\n")
            return HostedRepository(slug, self.url(slug), mark, None)
        if found.mark != mark:
            raise Conflict(f"{found.url} exists and was not made for this project")
        return found

    def adopt(self, slug: str, *, mark: Mark) -> None:
        """Write the mark above what its description says."""
        path = _path(self._folder, slug)
        found = self.find(slug)
        if found is None or found.mark not in {None, mark}:
            raise Conflict(f"{path} is missing, or was made for another project")
        if found.mark is None:
            file = path / "description"
            before = file.read_text(encoding="utf-8") if file.is_file() else ""
            partial = path / f"description{PARTIAL}"
            with readable_errors(path):
                partial.write_text(f"{mark}\n{before}", encoding="utf-8")
                partial.replace(file)

    def delete(self, slug: str, mark: Mark) -> None:
        """Delete a repository that carries the mark: moved out of its place whole, then removed; gone is fine."""
        sweep(staged(self._folder, slug))
        found = self.find(slug)
        if found is None:
            return
        if found.mark != mark:
            raise Conflict(f"{found.url} exists and was not made for this project")
        remove_whole(_path(self._folder, slug), self._folder, slug)

    def _create(self, slug: str, description: str) -> None:
        make_folder(self._folder)
        with staging(self._folder, slug) as temporary:
            git.run("init", "--quiet", "--bare", "--initial-branch=main", "--template=", str(temporary))
            (temporary / "description").write_text(description, encoding="utf-8")
            with (temporary / "config").open("a", encoding="utf-8") as config:
                config.write(_AS_ONE_PACK)
            temporary.rename(_path(self._folder, slug))


class LocalBranches:
    """A folder has no pull requests: branches are reviewed as they are."""

    supported = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, slug: str, branch: str) -> str | None:
        """There is none."""
        del slug, branch
        return None

    def open(self, slug: str, branch: str, title: str, description: str) -> str:
        """Give the branch: it is all there is to review."""
        del title, description
        return f"{branch} of {_path(self._folder, slug)}"

    def open_updates(self, slugs: Collection[str], branches: str) -> Mapping[str, str]:
        """By slug, the newest branch named so that `main` does not hold."""
        asked = list(slugs)
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            found = pool.map(lambda slug: _open_branch(_path(self._folder, slug), branches), asked)
            return {slug: branch for slug, branch in zip(asked, found, strict=True) if branch}


class LocalAccess:
    """Git needs nothing to get into a folder."""

    def credentials(self, url: str) -> AbstractContextManager[Mapping[str, str]]:
        """A folder asks for none."""
        del url
        return nullcontext({})

    def appears(self, url: str) -> bool:
        """What is created is there at once."""
        del url
        return False


class NoSetup:
    """A folder of bare repositories has nothing to set up besides them."""

    def missing(self, project: str, hosted: Mapping[Kind, HostedRepository | None]) -> tuple[SetUp, ...]:
        """Nothing, ever."""
        del project, hosted
        return ()

    def require(self, steps: Iterable[SetUp]) -> None:
        """There are no steps."""

    def check_rendered(self, project: str, kind: Kind, repository: Path) -> None:
        """There are no settings."""

    def notes(self, project: str) -> tuple[str, ...]:
        """Nothing is special here."""
        del project
        return ()

    def depends(self, what: Step, earlier: Step) -> bool:
        """There are no steps."""
        del what, earlier
        return False

    def perform(self, what: Step) -> None:
        """There are no steps."""

    def examine(self, project: str | None) -> list[Check]:
        """A folder needs no rights; that it can be written is checked for every host."""
        del project
        return []

    def removable(self, project: str, slugs: Collection[str]) -> tuple[Step, ...]:
        """Nothing is left."""
        del project, slugs
        return ()


def _path(folder: Path, slug: str) -> Path:
    return folder / f"{slug}.git"


def _listed(repository: Marked) -> Listed:
    path = Path(repository.url)
    if _main(path) is None:
        return Listed(repository, None)
    files = {name: blob for name, (_, blob) in listing(path, "refs/heads/main").items()}
    return Listed(repository, git.read(path, "refs/heads/main", ANSWERS_FILE), files)


def _open_branch(path: Path, branches: str) -> str | None:
    pattern = f"refs/heads/{branches}*"
    order = ("--sort=-committerdate", "--count=1", "--no-merged=refs/heads/main", "--format=%(refname:short)")
    return git.run("for-each-ref", *order, pattern, cwd=path).strip() or None


def _read_mark(path: Path) -> Mark | None:
    try:
        first = (path / "description").read_text(encoding="utf-8").partition("\n")[0]
    except OSError:
        return None
    return parse_mark(first)


def _main(path: Path) -> str | None:
    try:
        return git.run("rev-parse", "--verify", "--quiet", "refs/heads/main", cwd=path).strip() or None
    except git.GitError:
        return None
