"""The only door to Copier, and the templates that come with the program."""

import atexit
import json
import os
import re
import shutil
import tempfile
import threading
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mlops_new import __version__
from mlops_new.errors import Error, Invalid
from mlops_new.names import Kind, Template
from mlops_new.system import git
from mlops_new.system.environment import SECRET_VARIABLES
from mlops_new.system.files import readable_errors, translate
from mlops_new.template.source import TemplateFile, standing

CACHE = "COPIER_CACHE_DIR"
ANSWERS_FILE = ".copier-answers.yml"
PACKAGED_VERSION = f"v{__version__}"


_INSTALLED = Path(__file__).resolve().parents[1] / "_template"
_CHECKOUT = Path(__file__).resolve().parents[3]


def packaged() -> Path:
    """The folder with `copier.yml` and `templates/`: the checkout, or unpacked for as long as the program runs."""
    return _unpacked(_INSTALLED) if _INSTALLED.is_dir() else _CHECKOUT


@cache
def _unpacked(installed: Path) -> Path:
    from mlops_new.system.archives import unpack  # a checkout needs none

    folder = Path(tempfile.mkdtemp(prefix="mlops-new-templates-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copyfile(installed / "copier.yml", folder / "copier.yml")
    unpack(installed / "templates.tar.gz", folder)
    return folder


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
        with tempfile.TemporaryDirectory(prefix="mlops-new-") as nowhere, _copier_errors(), _seen_by_copier(env or {}):
            from copier import run_copy

            url, version = (template.url, template.version) if template else (_questions(Path(nowhere)), None)
            into = Path(nowhere) / "rendered"
            into.mkdir()
            if recorded:
                (into / ANSWERS_FILE).write_text(yaml.safe_dump(dict(recorded)), encoding="utf-8")
            worker = run_copy(
                url,
                into,
                dict(data),
                vcs_ref=version,
                defaults=not ask,
                user_defaults=dict(proposed or {}),
                quiet=True,
                pretend=True,
                exclude=["*"],
            )
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
        with readable_errors(destination), _copier_errors(), _seen_by_copier(env):
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
        with readable_errors(destination), _copier_errors(), _seen_by_copier(env):
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
        with _copier_errors(), _seen_by_copier({}):
            from copier import run_update

            try:
                run_update(repository, vcs_ref=version, defaults=True, overwrite=True, quiet=True)
            except OSError as error:  # a folder, say, where a file is
                fails = Error(f"`copier update` fails at {_within(repository, error)}")
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
        local.env.update(git.exact(dict(local.env)))
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


def _questions(folder: Path) -> str:
    """The packaged questions in a folder of their own: the checkout of a developer would be cloned, for seconds."""
    questions = _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT  # and nothing is unpacked for them
    shutil.copyfile(questions / "copier.yml", folder / "copier.yml")
    for kind in Kind:
        (folder / "templates" / kind).mkdir(parents=True)
    return str(folder)


def read_answers(text: str) -> dict[str, Any]:
    """The answers file of a repository."""
    try:
        answers = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Error(f"{ANSWERS_FILE} is not YAML any more: {_first_line(error)}") from error
    return answers if isinstance(answers, dict) else {}


# Of a checkout of this program: the rest of it is no template.
_PARTS = ("copier.yml", "templates")


def packaged_template() -> list[TemplateFile]:
    """The program's own template, the same from a checkout as from where it is installed."""
    return standing(packaged(), _PARTS)


def packaged_files() -> list[tuple[str, Path]]:
    """The same as paths from the template's root, and the files."""
    return [(one.name, packaged() / one.name) for one in packaged_template()]


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


@contextmanager
def _copier_errors() -> Iterator[None]:
    from copier.errors import CopierError, CopierWarning, UserMessageError
    from jinja2 import TemplateError
    from plumbum.commands.processes import ProcessExecutionError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CopierWarning)
            yield
    except (KeyboardInterrupt, Error):
        raise
    except ProcessExecutionError as error:
        raise Error(f"git could not read the template repository: {_last_words(error.stderr)}") from error
    except UserMessageError as error:
        raise Error(f"the template cannot be rendered: {_first_line(error)}") from error
    except TemplateError as error:
        raise Error(f"the template cannot be rendered: {_where(error)}{_what(error)}", hint=_MAINTAINER) from error
    except (ValueError, TypeError) as error:
        # What Copier raises for an answer of the wrong type or outside the choices.
        raise Invalid(f"an answer is refused: {_first_line(error)}") from error
    except CopierError as error:
        raise Error(f"the template cannot be rendered: {_first_line(error)}") from error


_MAINTAINER = "`mlops-new template check FOLDER` tells all of its faults before a version is published"


def _what(error: Exception) -> str:
    from jinja2 import TemplateNotFound, TemplatesNotFound

    match error:
        case TemplatesNotFound():
            return f"there is none of the files {', '.join(map(str, error.templates))}, which it includes or imports"
        case TemplateNotFound():
            return f"there is no file {error.name or error}, which it includes or imports"
        case _:
            return _first_line(error)


def _where(error: Exception) -> str:
    """The file of the template, and the line, that Jinja was at; it puts them into the traceback."""
    from jinja2 import TemplateSyntaxError

    if isinstance(error, TemplateSyntaxError):
        return f"{_from_root(error.filename or error.name or '')}:{error.lineno}: "
    frames = [one for one in traceback.extract_tb(error.__traceback__) if _JINJA_FRAME.match(one.name)]
    return f"{_from_root(frames[-1].filename)}:{frames[-1].lineno}: " if frames else ""


# What Jinja calls the code of a template where it rewrites a traceback.
_JINJA_FRAME = re.compile(r"top-level template code|template|block '|macro '")


def _from_root(file: str) -> str:
    """Without the place that Copier has cloned the template to."""
    _, clone, inside = file.rpartition("copier._vcs.clone.")
    return inside.partition("/")[2] if clone else file


def _within(repository: Path, error: OSError) -> str:
    name = str(error.filename or "").removeprefix(f"{repository}{os.sep}")
    return f"{name}: {(error.strerror or str(error)).lower()}"


def _last_words(said: str) -> str:
    """Why git has given up: it tells what it does before."""
    lines = [line.strip() for line in said.strip().splitlines()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:", "ERROR:"))]
    return (fatal or lines or ["no reason given"])[0]


def _first_line(error: object) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0]
