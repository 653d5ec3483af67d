"""`mlops-new template publish`: a version into the template repository, only forward."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_new.cli.adapters import Connect, connect, lock
from mlops_new.cli.commands.template_check import faults
from mlops_new.cli.console import Console
from mlops_new.errors import Conflict, Error, Invalid
from mlops_new.names import TEMPLATE_MARK, TEMPLATE_SLUG
from mlops_new.project.context import Context
from mlops_new.settings.load import Settings
from mlops_new.system import git
from mlops_new.template.packaged import PACKAGED_VERSION, packaged_template
from mlops_new.template.publish import UPSTREAM, add_files
from mlops_new.template.pushing import push_and_settle
from mlops_new.template.repository import TemplateRepository, template_repository
from mlops_new.template.source import TemplateFile, committed, is_tracked, require_template, standing, untracked
from mlops_new.template.versions import version_of


@dataclass(frozen=True)
class Request:
    """What was typed.

    Args:
        folder: Holds `copier.yml` and `templates/`; None for the packaged ones.
        version: The tag; None for the program's version.
        merge: Merge with the organisation's own commits.
        dry_run: Show what would be done only.
        yes: Confirmed beforehand.
        check: Whether a folder's templates are checked first; the program's own were.
    """

    folder: Path | None
    version: str | None
    merge: bool
    dry_run: bool
    yes: bool
    check: bool = True

    @property
    def tag(self) -> str:
        """The tag in full."""
        return f"v{(self.version or PACKAGED_VERSION).removeprefix('v')}"


def run(request: Request, settings: Settings, console: Console, connect: Connect = connect) -> None:
    """Look, show, push."""
    context = connect(settings, console.say)
    git.check()
    if version_of(request.tag) is None:
        raise Invalid(f"{request.tag} is no version", hint="like v1.2.3")
    files = _files(request, console)
    with lock(settings, "template", console.say), tempfile.TemporaryDirectory(prefix="mlops-new-") as folder:
        _run(request, files, context, settings, console, Path(folder) / TEMPLATE_SLUG)


def _files(request: Request, console: Console) -> list[TemplateFile]:
    """What is published: the folder's commit; where Git does not say what belongs to it, all of the folder."""
    if request.folder is None:
        return packaged_template()
    require_template(request.folder)
    if not is_tracked(request.folder):
        console.say(f"{request.folder} is no Git repository: every file in it counts that no .gitignore names")
        return standing(request.folder)
    if others := untracked(request.folder):
        console.say(f"not committed, and so not published: {', '.join(others)}")
    return committed(request.folder)


def _check(
    request: Request, files: Sequence[TemplateFile], context: Context, settings: Settings, console: Console
) -> None:
    """Raise where the templates are not as they should be."""
    if request.folder is None:
        return
    if not request.check:
        console.say("not checked: --no-check")
        return
    if wrong := faults(files, request.folder, context, settings, console):
        for line in wrong:
            console.say(line)
        raise Error(
            f"{_count(len(wrong))} in {request.folder}, and nothing was published: {wrong[0]}",
            hint=f"mend it (`mlops-new template check {request.folder}` tells all); --no-check publishes all the same",
        )


def _count(number: int) -> str:
    return f"{number} fault{'' if number == 1 else 's'}"


def _run(
    request: Request,
    files: Sequence[TemplateFile],
    context: Context,
    settings: Settings,
    console: Console,
    place: Path,
) -> None:
    seen = template_repository(context.host)
    if seen.hosted and seen.hosted.mark != TEMPLATE_MARK:
        raise Conflict(f"repository {seen.url} exists and was not made by mlops-new")
    upstream = _prepare(files, seen, context, place)
    document = {"template": {"source": seen.url, "version": request.tag}, "changed": False}
    if _is_published(request, seen, place):
        console.result(f"{request.tag} is published at {seen.url}: nothing to do.", document)
        return
    _refuse_backward(request, seen)
    targets = _targets(request, seen, upstream, place, context)
    if request.dry_run:
        listed = "".join(f"\n    {one.name}" for one in files)
        told = {**document, "files": [one.name for one in files]}
        console.result(f"+ Publish template {request.tag} to {seen.url}: {len(files)} files{listed}", told)
        return
    if not request.yes and not console.confirm(f"Publish template {request.tag} to {seen.url}?"):
        raise KeyboardInterrupt
    _check(request, files, context, settings, console)
    if seen.hosted is None:
        context.host.repositories.create(TEMPLATE_SLUG, mark=TEMPLATE_MARK, description="Templates of projects")
    _push(seen.url, place, targets, context)
    console.result(f"Published template {request.tag} to {seen.url}.", {**document, "changed": True})


def _prepare(files: Sequence[TemplateFile], seen: TemplateRepository, context: Context, place: Path) -> str:
    """A clone with the new version on top of what was published before; gives its commit."""
    git.init_scratch(place)
    git.set_origin(place, seen.url)
    if seen.refs:
        with context.host.access.credentials(seen.url) as env:
            git.run("fetch", "--quiet", "--tags", "origin", cwd=place, env=env)
    parent = seen.refs.get(f"refs/heads/{UPSTREAM}", "")
    add_files(place, files, "candidate", parent)
    git.run("tag", "--delete", "candidate", cwd=place)
    made = f"refs/heads/{UPSTREAM}"
    if parent and git.same_files(place, parent, made):
        git.run("update-ref", made, parent, cwd=place)  # published already, if under no tag
    return str(git.commit_of(place, made))


def _is_published(request: Request, seen: TemplateRepository, place: Path) -> bool:
    """Whether the tag is there with these files.

    Raises:
        Conflict: it is there with others.
    """
    if f"refs/tags/{request.tag}" not in seen.refs:
        return False
    if git.same_files(place, request.tag, UPSTREAM) or _is_merged(request.tag, place):
        return True
    raise Conflict(
        f"{seen.url} has {request.tag} with other files, and a tag is never moved",
        hint="publish it as another version: --version v1.2.3",
    )


def _is_merged(tag: str, place: Path) -> bool:
    """Whether the tag holds these files together with the organisation's own edits."""
    return git.is_ancestor(place, UPSTREAM, tag)


def _refuse_backward(request: Request, seen: TemplateRepository) -> None:
    have, want = version_of(seen.newest or ""), version_of(request.tag)
    if have and want and want < have:
        raise Conflict(
            f"{seen.url} has {seen.newest}, and {request.tag} is older: versions only go forward",
            hint="update mlops-new, or publish it as a newer version: --version",
        )


def _targets(request: Request, seen: TemplateRepository, upstream: str, place: Path, context: Context) -> list[str]:
    """The refs to push, each with its commit."""
    published = f"{upstream}:refs/heads/{UPSTREAM}"
    if not seen.edited:
        return [f"{upstream}:refs/heads/main", published, f"{upstream}:refs/tags/{request.tag}"]
    if not request.merge:
        raise Conflict(
            f"main of {seen.url} has edits of your organisation, which {request.tag} would pass over",
            hint="mlops-new template publish --merge merges it with them",
        )
    merged = _merge(request, seen, place, context)
    return [f"{merged}:refs/heads/main", published, f"{merged}:refs/tags/{request.tag}"]


def _merge(request: Request, seen: TemplateRepository, place: Path, context: Context) -> str:
    """The organisation's `main` with the new version merged.

    Raises:
        Error: they conflict; the version is on the branch `UPSTREAM` then, for a person to merge.
    """
    git.run("checkout", "--quiet", "-B", "main", "refs/remotes/origin/main", cwd=place)
    try:
        git.run("merge", "--quiet", "--no-ff", "-m", f"Merge templates {request.tag}", UPSTREAM, cwd=place)
    except git.GitError:
        files = git.run("diff", "--name-only", "-z", "--diff-filter=U", cwd=place).split("\0")[:-1]
        if not files:
            raise
        if not request.dry_run:
            _push(seen.url, place, [f"refs/heads/{UPSTREAM}:refs/heads/{UPSTREAM}"], context)
        raise Error(
            f"{request.tag} conflicts with your organisation's edits in {', '.join(files)}; no version was published",
            hint=f"git clone {seen.url} && cd {TEMPLATE_SLUG} && git merge origin/{UPSTREAM}; mend and commit it, then "
            f"git tag {request.tag} && git push origin main {request.tag}",
        ) from None
    return str(git.head(place))


def _push(url: str, place: Path, targets: list[str], context: Context) -> None:
    push_and_settle(
        context.host.access,
        url,
        lambda env: git.push(place, url, *targets, env=env),
        lambda env: _arrived(targets, git.remote_refs(url, env), place),
        tries=2,
    )


def _arrived(targets: list[str], refs: Mapping[str, str], place: Path) -> bool:
    pairs = [target.split(":", 1) for target in targets]
    return all(refs.get(ref) == git.commit_of(place, commit) for commit, ref in pairs)
