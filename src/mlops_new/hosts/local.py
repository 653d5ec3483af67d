"""Bare repositories in a folder: the Git host of people without an account."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from mlops_new import git
from mlops_new.errors import Conflict
from mlops_new.files import make_folder, staging
from mlops_new.ports import HostedRepository
from mlops_new.spec import Mark, parse_mark

# What is pushed stays the pack it came in: a file for each object costs a disk flush for each, three times as long.
_AS_ONE_PACK = "[transfer]\n\tunpackLimit = 1\n"


class LocalHost:
    """Repositories at `<folder>/<slug>.git`; git's own `description` file carries the mark."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def url(self, slug: str) -> str:
        """The path, which ends in `.git` because Copier takes a bare repository for a plain folder otherwise."""
        return str(self._path(slug))

    def find(self, slug: str) -> HostedRepository | None:
        """The repository, or None."""
        path = self._path(slug)
        if not path.exists():
            return None
        return HostedRepository(slug, self.url(slug), _read_mark(path), _main(path))

    def create(self, slug: str, *, mark: Mark, description: str) -> HostedRepository:
        """Create it marked: made beside its place and moved there whole."""
        found = self.find(slug)
        if found is None:
            self._create(slug, f"{mark}\n{description}\n")
            return HostedRepository(slug, self.url(slug), mark, None)
        if found.mark != mark:
            raise Conflict(f"{found.url} exists and was not made for this project")
        return found

    def credentials(self, url: str) -> AbstractContextManager[Mapping[str, str]]:
        """A folder asks for none."""
        del url
        return nullcontext({})

    def _create(self, slug: str, description: str) -> None:
        make_folder(self._folder)
        with staging(self._folder, slug) as temporary:
            git.run("init", "--quiet", "--bare", "--initial-branch=main", "--template=", str(temporary))
            (temporary / "description").write_text(description, encoding="utf-8")
            with (temporary / "config").open("a", encoding="utf-8") as config:
                config.write(_AS_ONE_PACK)
            temporary.rename(self._path(slug))

    def _path(self, slug: str) -> Path:
        return self._folder / f"{slug}.git"


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
