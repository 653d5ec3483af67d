"""Copies of template repositories for one command: each is fetched once, whatever number of projects needs it."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_new.errors import Error, Invalid
from mlops_new.names import TEMPLATE_SLUG
from mlops_new.ports.git_host import GitHost
from mlops_new.system import git
from mlops_new.template.packaged import PACKAGED_VERSION
from mlops_new.template.publish import UPSTREAM, add_packaged, read_from
from mlops_new.template.questions import read_questions
from mlops_new.template.repository import TemplateRepository, choose_template, template_repository, unreadable

_LOG = 20  # commits; who wants to know more reads the template repository


@dataclass(frozen=True)
class TemplateCopy:
    """A template repository at hand.

    Args:
        seen: The template repository as it is; with the program's own version where that would be published.
        path: The copy, a bare repository.
        env: Lets git, and so Copier, read the copy under the template's URL.
        unpublished: The program's version, where the template repository lacks it and it is the newest.
    """

    seen: TemplateRepository
    path: Path
    env: Mapping[str, str]
    unpublished: str | None

    @property
    def refs(self) -> Mapping[str, str]:
        """What the template repository has."""
        return self.seen.refs

    def log(self, since: str, until: str) -> tuple[str, ...]:
        """What the commits between two versions say, the newest first; nothing where `since` is not in there."""
        try:
            range_ = ("--no-merges", f"--max-count={_LOG}", "--format=%s", f"{since}..{until}")
            told = git.run("log", *range_, cwd=self.path)
        except git.GitError:
            return ()
        return tuple(told.splitlines())

    def only_new(self, version: str) -> Callable[[str], bool]:
        """Which files a version gives only to repositories that do not have them.

        Raises:
            Invalid: the version has migrations, which would have to be run.
        """
        settings = self.questions(version)
        if settings.get("_migrations"):
            raise Invalid(
                f"template {version} of {self.seen.url} has migrations, which are programs of its author",
                hint="run it yourself in each repository: copier update --trust",
            )
        patterns = [str(pattern) for pattern in settings.get("_skip_if_exists") or []]
        if not patterns:
            return lambda _: False
        from pathspec import GitIgnoreSpec

        return GitIgnoreSpec.from_lines(patterns).match_file

    def questions(self, version: str) -> Mapping[str, Any]:
        """What a version asks, and its settings."""
        commit = git.commit_of(self.path, f"refs/tags/{version}")
        return read_questions(self.path, commit) if commit else {}


class TemplateClones:
    """The copies of one command.

    Args:
        host: The Git host.
        private: A folder of the command's own.
    """

    def __init__(self, host: GitHost, private: Path) -> None:
        self._host = host
        self._private = private
        self._copies: dict[str, TemplateCopy | Error] = {}

    def copy(self, url: str) -> TemplateCopy:
        """The copy of a template repository.

        Raises:
            Error: it cannot be read.
        """
        if url not in self._copies:
            try:
                self._copies[url] = self._fetch(url)
            except Error as error:
                self._copies[url] = error
        found = self._copies[url]
        if isinstance(found, Error):
            raise found
        return found

    def _fetch(self, url: str) -> TemplateCopy:
        folder = self._private / hashlib.sha256(url.encode()).hexdigest()[:16]
        folder.mkdir(parents=True)
        path = folder / "template.git"
        ours = url == self._host.repositories.url(TEMPLATE_SLUG)
        try:
            with self._host.access.credentials(url) as env:
                git.clone_scratch(url, path, env)
                refs = git.remote_refs(str(path))
        except git.GitError as error:
            raise unreadable(url, error) from error
        seen = template_repository(self._host) if ours else TemplateRepository(url, None, refs, ours=False)
        unpublished = _unpublished(seen) if ours else None
        if unpublished:
            add_packaged(path, unpublished, seen.refs.get(f"refs/heads/{UPSTREAM}", ""))
        return TemplateCopy(seen, path, read_from(path, url, folder), unpublished)


def _unpublished(seen: TemplateRepository) -> str | None:
    lacks = choose_template(seen).version == PACKAGED_VERSION and f"refs/tags/{PACKAGED_VERSION}" not in seen.refs
    return PACKAGED_VERSION if lacks else None
