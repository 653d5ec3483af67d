"""The only door to Copier."""

import json
import os
import re
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from mlops_new.errors import Error, Invalid
from mlops_new.names import ANSWERS_FILE, Kind
from mlops_new.ports.templates import Template
from mlops_new.system import git, git_configuration
from mlops_new.system.environment import SECRET_VARIABLES
from mlops_new.system.files import readable_errors, translate
from mlops_new.template.answers import read_answers
from mlops_new.template.copier_errors import as_our_errors, place_within
from mlops_new.template.packaged import copy_questions

CACHE = "COPIER_CACHE_DIR"


# Copier works in its process's one current folder.
_one_at_a_time = threading.Lock()


def load() -> None:
    """Import Copier, which takes a while, before it is needed."""
    import copier  # noqa: F401


class Copier:
    """Renders repositories; everything Copier raises leaves here as one of our errors."""

    def resolve(
        self,
        template: Template | None,
        data: Mapping[str, Any],
        *,
        ask: bool,
        env: Mapping[str, str] | None = None,
        recorded: Mapping[str, Any] | None = None,
        proposed: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Every question of a template answered, nothing rendered.

        Args:
            template: Where it is; None for the packaged one.
            data: Answers given; text is read as the question's type.
            ask: Whether a person answers the others; else their defaults do.
            env: Lets git read it, see `at_hand`.
            recorded: Answers of an earlier version, in the place of defaults; what is refused has its default.
            proposed: Other defaults than the template's.

        Raises:
            Invalid: an answer that the template does not know, or refuses.
        """
        with tempfile.TemporaryDirectory(prefix="mlops-new-") as nowhere, as_our_errors(), _seen_by_copier(env or {}):
            from copier import run_copy

            url, version = (template.url, template.version) if template else (copy_questions(Path(nowhere)), None)
            into = Path(nowhere) / "rendered"
            into.mkdir()
            if recorded:
                (into / ANSWERS_FILE).write_text(yaml.safe_dump(dict(recorded)), encoding="utf-8")
            options: dict[str, Any] = {
                "quiet": True,
                "pretend": True,
                "exclude": ["*"],
                "user_defaults": dict(proposed or {}),
            }
            worker = run_copy(url, into, dict(data), vcs_ref=version, defaults=not ask, **options)
            questions = worker.template.questions_data
            _refuse_unknown(set(data), set(questions))
            _refuse_wrong_types(data, questions)
            return {name: value for name, value in worker.answers.combined.items() if name in questions}

    def render(
        self,
        template: Template,
        kind: Kind,
        answers: Mapping[str, Any],
        destination: Path,
        env: Mapping[str, str],
    ) -> None:
        """Render one repository into a place that does not exist yet.

        Raises:
            Error: when what was rendered could never be updated.
        """
        url, version = template.url, template.version
        data = {**answers, "repository_kind": kind.value}
        with readable_errors(destination), as_our_errors(), _seen_by_copier(env):
            from copier import run_copy

            run_copy(url, destination, data, vcs_ref=version, defaults=True, quiet=True)
        _require_recorded(template, destination)

    def rerender(self, template: Template, answers: str, destination: Path, env: Mapping[str, str]) -> None:
        """Render one repository anew, as an update does: what is not answered any more, or not yet, has its default.

        Args:
            template: What is rendered.
            answers: The text of the repository's answers file.
            destination: A place that does not exist yet.
            env: Lets git read the template.

        Raises:
            Error: as for `render`.
        """
        with readable_errors(destination), as_our_errors(), _seen_by_copier(env):
            from copier import run_copy

            destination.mkdir()
            (destination / ANSWERS_FILE).write_text(answers, encoding="utf-8")
            run_copy(template.url, destination, vcs_ref=template.version, defaults=True, overwrite=True, quiet=True)
        _require_recorded(template, destination)

    def update(self, repository: Path, version: str) -> None:
        """What `copier update` does in a rendered folder, without trust: for trying templates.

        Raises:
            Error: the template, then or now, cannot be rendered.
        """
        git.init_scratch(repository)
        git.commit_all(repository, "as rendered", git.NOBODY)
        with as_our_errors(), _seen_by_copier({}):
            from copier import run_update

            try:
                run_update(repository, vcs_ref=version, defaults=True, overwrite=True, quiet=True)
            except OSError as error:  # a folder, say, where a file is
                fails = Error(f"`copier update` fails at {place_within(repository, error)}")
                raise translate(error, repository) or fails from error


def _require_recorded(template: Template, rendered: Path) -> None:
    """Copier renders a repository it cannot read (another owner's, say) as a plain folder and says nothing."""
    recorded = read_answers((rendered / ANSWERS_FILE).read_text(encoding="utf-8"))
    named = recorded.get("_commit")
    if named and named != template.version and recorded.get("_src_path") == template.url:
        raise Error(
            f"{template.url} has {template.version} on the same commit as {named}, which is what Copier calls it",
            hint=f"use {named}, or tag another commit as {template.version}",
        )
    if named != template.version or recorded.get("_src_path") != template.url:
        raise Error(f"{template.url} was not read as a Git repository, so the project could never be updated from it")


@contextmanager
def _seen_by_copier(env: Mapping[str, str]) -> Iterator[None]:
    """Variables for Copier and the git that it starts, and no secret: plumbum passes on what it saw when imported."""
    from plumbum import local

    with _one_at_a_time, _cached_where(env.get(CACHE)), local.env(**env):
        local.env.update(git_configuration.exact(dict(local.env)))
        for name in local.env.keys() & {*SECRET_VARIABLES, "GIT_TEMPLATE_DIR"}:
            del local.env[name]
        yield


@contextmanager
def _cached_where(folder: str | None) -> Iterator[None]:
    """The one variable that Copier reads itself."""
    before = os.environ.get(CACHE)
    if folder:
        os.environ[CACHE] = folder
    try:
        yield
    finally:
        if before is not None:
            os.environ[CACHE] = before
        elif folder:
            del os.environ[CACHE]


def _refuse_unknown(given: set[str], questions: set[str]) -> None:
    unknown = sorted(given - questions)
    if unknown:
        known = ", ".join(sorted(questions - {"repository_kind"}))
        raise Invalid(f"the template has no question {', '.join(map(repr, unknown))}", hint=f"it asks for: {known}")


def _refuse_wrong_types(data: Mapping[str, Any], questions: Mapping[str, Mapping[str, Any]]) -> None:
    """Copier casts what it can: any word is true to it where the question is one of yes or no."""
    for name, value in data.items():
        kind = str(questions[name].get("type", "yaml"))
        if not _fits(value, kind):
            raise Invalid(f"the answer to {name} is {value!r}, which is not {_KINDS[kind]}")
        if _is_broken(value):
            raise Invalid(f"the answer to {name} is {value!r}, which is no text in UTF-8", hint="type it anew")


_KINDS = {"bool": "yes or no", "int": "a whole number", "float": "a number", "str": "text"}


def _fits(value: Any, kind: str) -> bool:
    match kind:
        case "bool":
            return isinstance(value, bool) or str(value).lower() in {
                "true",
                "false",
                "yes",
                "no",
                "y",
                "n",
                "on",
                "off",
            }
        case "int":
            return not isinstance(value, bool) and re.fullmatch(r"[+-]?\d+", str(value).strip()) is not None
        case "float":
            return not isinstance(value, bool) and re.fullmatch(_FLOAT, str(value).strip()) is not None
        case "str":
            return isinstance(value, str | int | float)
        case _:
            return True


def _is_broken(value: Any) -> bool:
    """Whether a text in it has bytes that are no character, as a terminal of another encoding gives."""
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return True
    return False


_FLOAT = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"
