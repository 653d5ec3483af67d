"""`mlops-new adopt`: repositories made by hand, or with an older generator, under a template version."""

import shlex
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mlops_new.cli.adapters import Connect, connect
from mlops_new.cli.console import Console
from mlops_new.errors import Conflict, Invalid
from mlops_new.names import ANSWERS_FILE, TEMPLATE_SLUG, Mark, slug, valid_name
from mlops_new.ports.templates import Template
from mlops_new.project.context import Context
from mlops_new.settings.load import Settings
from mlops_new.system import git, git_urls
from mlops_new.system.git_trees import Entry, listing, tree_of, with_entries
from mlops_new.template.answers import own, read_answers, refused
from mlops_new.template.clones import TemplateClones, TemplateCopy
from mlops_new.template.repository import choose_target, named_template
from mlops_new.update.adoption import Found, Gap, gap, look
from mlops_new.update.lagging_files import ever_was


@dataclass(frozen=True)
class Request:
    """What was typed.

    Args:
        paths: The repositories.
        template: `URL` or `URL@VERSION`; None for the Git host's own template repository.
        version: From `--to`.
        answers: What `--data` says.
        dry_run: Show the gap only.
        yes: Confirmed beforehand.
    """

    paths: Sequence[Path]
    template: str | None
    version: str | None
    answers: Mapping[str, Any]
    dry_run: bool
    yes: bool


@dataclass(frozen=True)
class Adoption:
    """One repository on its way under the template.

    Args:
        found: The repository.
        gap: What it lacks.
        answers: The text of its answers file to be.
        is_marked: Whether its hosted repository is ours already, or there is none.
    """

    found: Found
    gap: Gap
    answers: str
    is_marked: bool


def run(request: Request, settings: Settings, console: Console, connect: Connect = connect) -> None:
    """Look, show the gap, commit on a branch."""
    context = connect(settings, console.say)
    git.check(commits=not request.dry_run)
    found = [look(path) for path in request.paths]
    name = _project(found, request)
    with tempfile.TemporaryDirectory(prefix="mlops-new-") as folder:
        copy, target = _template(request, context, Path(folder))
        pair = [_adoption(one, name, found, request, (copy, target), context, Path(folder)) for one in found]
    branch = f"mlops-new/adopt-{target.version}"
    document = _document(name, target, branch, pair)
    if request.dry_run:
        console.result(_text(name, target, pair), document)
        return
    console.say(_text(name, target, pair))
    if not request.yes and not console.confirm(f"Record template {target.version} on the branch {branch}?"):
        raise KeyboardInterrupt
    for one in pair:
        _commit(one, branch, target)
    for one in pair:
        if not one.is_marked:
            context.host.repositories.adopt(slug(name, one.found.kind), mark=Mark(name, one.found.kind.value))
    console.result(_next(name, branch, pair, context), document)


def _project(found: Sequence[Found], request: Request) -> str:
    given = request.answers.get("project_name")
    names = {str(given)} if given else {str(one.answers["project_name"]) for one in found}
    if len(names) > 1:
        raise Invalid(
            f"these repositories are of different projects: {', '.join(sorted(names))}",
            hint="--data project_name=NAME says which",
        )
    if len({one.kind for one in found}) < len(found):
        raise Invalid(f"both are {found[0].kind} repositories", hint="name one build and one deploy repository")
    return valid_name(names.pop())


def _template(request: Request, context: Context, private: Path) -> tuple[TemplateCopy, Template]:
    source = named_template(request.template) if request.template else None
    copy = TemplateClones(context.host, private / "templates").copy(
        source.url if source else context.host.repositories.url(TEMPLATE_SLUG)
    )
    target = choose_target(copy.seen, request.version or (source.version if source else None))
    if copy.unpublished == target.version:
        raise Invalid(f"template {target.version} is not published yet", hint="mlops-new template publish")
    return copy, target


def _adoption(
    one: Found,
    name: str,
    pair: Sequence[Found],
    request: Request,
    template: tuple[TemplateCopy, Template],
    context: Context,
    private: Path,
) -> Adoption:
    copy, target = template
    # What one repository does not say of itself, the other may.
    known = {question: value for other in (*pair, one) for question, value in other.answers.items()}
    known |= {**request.answers, "project_name": name, "repository_kind": one.kind.value}
    rendered = private / one.kind
    context.templates.rerender(target, yaml.safe_dump(known, sort_keys=True), rendered, copy.env)
    text = (rendered / ANSWERS_FILE).read_text(encoding="utf-8")
    _refuse_ignored(request.answers, read_answers(text))
    _refuse_replaced(known, text)
    scratch = private / f"{one.kind}-scratch"
    git.init_scratch(scratch)
    theirs = listing(scratch, tree_of(scratch, rendered))
    lacks = gap(listing(one.path, "HEAD"), theirs, lambda path: ever_was(one.path, path, "HEAD"))
    return Adoption(one, lacks, text, is_marked=_is_marked(one, name, context))


def _refuse_ignored(given: Mapping[str, Any], recorded: Mapping[str, Any]) -> None:
    lost = sorted(name for name, value in given.items() if str(recorded.get(name)) != str(value))
    if lost:
        raise Invalid(f"the template does not take this answer to {', '.join(lost)}", hint="see its copier.yml")


def _refuse_replaced(document: Mapping[str, Any], text: str) -> None:
    """Raise where the template would put an answer of its own in the place of what the repository says."""
    if lost := refused(document, own(text)):
        told = ", ".join(f"{one.question} = {one.before!r} would become {one.after!r}" for one in lost)
        raise Invalid(
            f"the template does not take what the repositories say: {told}",
            hint="say what it is to be: " + " ".join(f"--data {one.question}=VALUE" for one in lost),
        )


def _is_marked(one: Found, name: str, context: Context) -> bool:
    """Whether the hosted repository needs no mark; what is not this one is none of ours.

    Raises:
        Conflict: what stands under our name is another repository, or another project's.
    """
    url = context.host.repositories.url(slug(name, one.kind))
    if one.origin and not git_urls.same_remote(one.origin, url):
        raise Conflict(
            f"{one.path} has the origin {one.origin}; the {one.kind} repository of {name} would be {url}",
            hint="rename it on the Git host, choose --git, or say --data project_name=NAME",
        )
    hosted = context.host.repositories.find(slug(name, one.kind))
    mark = Mark(name, one.kind.value)
    if hosted and hosted.mark not in {None, mark}:
        raise Conflict(f"repository {url} was made for another project")
    if hosted and hosted.mark is None and not one.origin:
        raise Conflict(f"repository {url} exists, and {one.path} is no working copy of it", hint="set its origin")
    return hosted is None or hosted.mark == mark


def _commit(adoption: Adoption, branch: str, target: Template) -> None:
    """On top of HEAD, beside whatever is checked out: nothing in the folder changes."""
    path = adoption.found.path
    blob = git.run("hash-object", "-w", "--stdin", cwd=path, stdin=adoption.answers.encode()).strip()
    entry: Entry = ("100644", blob)
    tree = with_entries(path, git.run("rev-parse", "HEAD^{tree}", cwd=path).strip(), {ANSWERS_FILE: entry})
    ref = f"refs/heads/{branch}"
    if git.commit_of(path, ref):
        if git.run("rev-parse", f"{ref}^{{tree}}", cwd=path).strip() == tree:
            return  # a killed command has made it
        raise Conflict(f"{path} has a branch {branch} already", hint=f"git -C {path} branch -D {branch}")
    message = f"Adopt template {target.version}\n\nOf {target.url}.\n"
    made = git.run("commit-tree", tree, "-p", "HEAD", "-m", message, cwd=path).strip()
    git.run("update-ref", ref, made, "", cwd=path)


def _text(name: str, target: Template, pair: Sequence[Adoption]) -> str:
    lines = [f"{name} and template {target.version} of {target.url}:"]
    for one in pair:
        lines += [str(one.found.path), *one.gap.lines()]
    return "\n".join(lines)


def _next(name: str, branch: str, pair: Sequence[Adoption], context: Context) -> str:
    lines = [f"The branch {branch} records the template. Where that is right:"]
    for one in pair:
        at = f"git -C {shlex.quote(str(one.found.path))}"
        add = f"remote add origin {context.host.repositories.url(slug(name, one.found.kind))}"
        then = "push origin HEAD" if one.found.origin else add
        lines.append(f"  {at} merge {branch} && {at} {then}")
    if not all(one.found.origin for one in pair):
        lines.append(f"Then `mlops-new project {name}` hosts what is not hosted yet;")
    return "\n".join([*lines, f"then `mlops-new update {name}` brings what is missing, and every later version."])


def _document(name: str, target: Template, branch: str, pair: Sequence[Adoption]) -> dict[str, Any]:
    document: dict[str, Any] = {"project": name, "template": {"source": target.url, "version": target.version}}
    for one in pair:
        document[one.found.kind.value] = {
            "path": str(one.found.path),
            "branch": branch,
            "same": one.gap.same,
            "differs": list(one.gap.differs),
            "missing": list(one.gap.missing),
            "not_brought": sorted([*one.gap.differs, *one.gap.deleted]),
        }
    return document
