"""The template repository: the Git host's own, or one elsewhere, and the version that projects are rendered from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from mlops_new.errors import Invalid
from mlops_new.names import TEMPLATE_SLUG
from mlops_new.ports.git_host import GitHost, HostedRepository
from mlops_new.ports.templates import Template
from mlops_new.system import git
from mlops_new.template.packaged import PACKAGED_VERSION
from mlops_new.template.publish import UPSTREAM
from mlops_new.template.versions import tags, version_of


@dataclass(frozen=True)
class TemplateRepository:
    """A template repository.

    Args:
        url: Where it is.
        hosted: What the Git host says of it; None while it does not exist, or where it is elsewhere.
        refs: What it has.
        ours: Whether it is the Git host's own; otherwise only its tags count.
        problem: Why it could not be read; empty where it could.
    """

    url: str
    hosted: HostedRepository | None
    refs: Mapping[str, str]
    ours: bool = True
    problem: str = ""

    @property
    def newest(self) -> str | None:
        """The highest tag that is a version."""
        tags = [ref.removeprefix("refs/tags/") for ref in self.refs if ref.startswith("refs/tags/")]
        return max(
            (tag for tag in tags if version_of(tag)), key=lambda tag: version_of(tag) or Version("0"), default=None
        )

    @property
    def edited(self) -> bool:
        """Whether `main` holds an organisation's own commits."""
        return self.refs.get("refs/heads/main") != self.refs.get(f"refs/heads/{UPSTREAM}")


def template_repository(host: GitHost) -> TemplateRepository:
    """The template repository of a Git host."""
    hosted = host.repositories.find(TEMPLATE_SLUG)
    url = host.repositories.url(TEMPLATE_SLUG)
    if hosted is None:
        return TemplateRepository(url, None, {})
    with host.access.credentials(url) as env:
        return TemplateRepository(url, hosted, git.remote_refs(url, env))


def template_source(host: GitHost, url: object) -> TemplateRepository:
    """The template repository at a URL; the Git host's own where none is named.

    Raises:
        Error: one that is elsewhere cannot be read.
    """
    if not url or url == host.repositories.url(TEMPLATE_SLUG):
        return template_repository(host)
    try:
        with host.access.credentials(str(url)) as env:
            return TemplateRepository(str(url), None, git.remote_refs(str(url), env), ours=False)
    except git.GitError as error:
        raise unreadable(str(url), error) from error


def unreadable(url: str, error: git.GitError) -> git.GitError:
    """What it means that git cannot read a template repository."""
    message = f"the template repository {url} cannot be read: {error.message}"
    return git.GitError(message, hint=f"check the address and your access; {_SWITCH}", code=error.code)


_SWITCH = "`mlops-new template switch URL` changes to another template repository"


def choose_template(seen: TemplateRepository, packaged: str = PACKAGED_VERSION) -> Template:
    """The version that a new project is rendered from.

    It is the newest one: the program's own, unless the template repository has a newer one, or an organisation
    has begun to edit it (then only its tags count, so that nothing of theirs is passed over).

    Raises:
        Invalid: a template repository that is elsewhere has no version.
    """
    newest = seen.newest
    if not seen.ours:
        if newest is None:
            raise Invalid(f"{seen.url} has no version: no tag like v1.2.3", hint="tag one there")
        return Template(seen.url, newest)
    if newest is None or (not seen.edited and _newer(packaged, newest)):
        return Template(seen.url, packaged)
    return Template(seen.url, newest)


def _newer(version: str, than: str) -> bool:
    one, other = version_of(version), version_of(than)
    return one is not None and (other is None or one > other)


@dataclass(frozen=True)
class Source:
    """A template repository as people name it.

    Args:
        url: Where it is; a folder by its absolute path.
        version: The tag; None for the newest.
    """

    url: str
    version: str | None


def named_template(text: str) -> Source:
    """Read `URL` or `URL@VERSION`.

    Raises:
        Invalid: it is nothing that an update could come back to.
    """
    found = _SOURCE.fullmatch(text.strip())
    if found is None:
        raise Invalid(f"{text!r} names no template repository", hint="like https://example.com/templates.git@v1.2.3")
    url, version = found.groups()
    if _is_path(url):
        url = str(Path(url).expanduser().resolve())
        if not Path(url).is_dir():
            raise Invalid(f"there is no template repository {url}", hint="name a Git repository: a folder or a URL")
    elif not url.endswith(".git"):
        url += ".git"  # Copier takes it for a plain folder otherwise
    return Source(url, version)


# A version begins after the last @, unless that belongs to the user of an address.
_SOURCE = re.compile(r"(.+?)(?:@([^@/:]+))?")


def _is_path(url: str) -> bool:
    return not re.match(r"[a-z+]+://|[^/]+@[^/]+:", url)


def choose_target(seen: TemplateRepository, wanted: str | None) -> Template:
    """The version that projects are rendered from or brought to.

    Args:
        seen: The template repository.
        wanted: A version that was asked for; None for the newest.

    Raises:
        Invalid: it has no such version, or none at all.
    """
    newest = choose_template(seen).version
    known = {*tags(seen.refs), newest}
    if wanted is None:
        return Template(seen.url, newest)
    found = next((name for name in (wanted, f"v{wanted}") if name in known), None)
    if found is None:
        raise Invalid(f"{seen.url} has no version {wanted}", hint=f"it has {', '.join(sorted(known, key=version_of))}")  # type: ignore[arg-type]  # all are versions
    return Template(seen.url, found)
