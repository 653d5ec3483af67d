"""The only door to Copier, and to the template repository that projects are rendered from."""

import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from mlops_new import __version__, git
from mlops_new.errors import Error, Invalid
from mlops_new.files import readable_errors, staging
from mlops_new.spec import Kind

ANSWERS_FILE = ".copier-answers.yml"
PACKAGED_VERSION = f"v{__version__}"
# The branch of the template repository that holds the versions as they were published. `main` follows it until
# an organisation commits its own edits there; from then on only its own tags move `main`.
UPSTREAM = "mlops-new"
# Published commits are the same everywhere, so two people publishing one version publish one commit.
_PUBLISHER = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "mlops-new"), ("EMAIL", "mlops-new@localhost"), ("DATE", "2026-01-01T00:00:00Z"))
}


def packaged() -> Path:
    """The folder with `copier.yml` and `templates/`: inside the installed package, or the checkout's root."""
    here = Path(__file__).resolve().parent
    installed = here / "_template"
    return installed if installed.is_dir() else here.parents[1]


class Copier:
    """Renders repositories; everything Copier raises leaves here as one of our errors."""

    def resolve(self, source: str, data: Mapping[str, Any], *, version: str | None, ask: bool) -> dict[str, Any]:
        """Every question of the template answered, nothing rendered.

        Args:
            source: A folder or Git URL.
            data: Answers given; text is read as the question's type.
            version: The tag, where `source` is a Git URL.
            ask: Whether a person answers the others; else their defaults do.

        Raises:
            Invalid: an answer that the template does not know, or refuses.
        """
        with tempfile.TemporaryDirectory(prefix="mlops-new-") as nowhere, _copier_errors():
            from copier import run_copy

            worker = run_copy(
                source, nowhere, dict(data), vcs_ref=version, defaults=not ask, quiet=True, pretend=True, exclude=["*"]
            )
            questions = worker.template.questions_data
            _refuse_unknown(set(data), set(questions))
            _refuse_wrong_types(data, questions)
            return {name: value for name, value in worker.answers.combined.items() if name in questions}

    def render(self, url: str, version: str, kind: Kind, answers: Mapping[str, Any], destination: Path) -> None:
        """Render one repository into a place that does not exist yet.

        Raises:
            Error: when what was rendered could never be updated.
        """
        data = {**answers, "repository_kind": kind.value}
        with _copier_errors(), readable_errors(destination):
            from copier import run_copy

            run_copy(url, destination, data, vcs_ref=version, defaults=True, quiet=True)
        # Copier renders a repository it cannot read (another owner's, say) as a plain folder and says nothing.
        recorded = read_answers((destination / ANSWERS_FILE).read_text(encoding="utf-8"))
        if recorded.get("_commit") != version or recorded.get("_src_path") != url:
            raise Error(f"{url} was not read as a Git repository, so the project could never be updated from it")


def read_answers(text: str) -> dict[str, Any]:
    """The answers file of a repository."""
    try:
        answers = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Error(f"{ANSWERS_FILE} is not YAML any more: {_first_line(error)}") from error
    return answers if isinstance(answers, dict) else {}


def publish(url: str, version: str, refs: Mapping[str, str], env: Mapping[str, str], scratch: Path) -> None:
    """Commit the packaged templates on top of what was published before, tag them, and push both or neither.

    Args:
        url: The template repository, which exists.
        version: The tag.
        refs: What the repository has, as `git.remote_refs` tells.
        env: Lets git reach it.
        scratch: A folder for the working copy.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    with staging(scratch, f"publish-{version}") as copy:
        git.init(copy)
        if f"refs/heads/{UPSTREAM}" in refs:
            git.run("fetch", "--quiet", url, f"refs/heads/{UPSTREAM}", cwd=copy, env=env)
            git.run("reset", "--quiet", "--soft", "FETCH_HEAD", cwd=copy)
        _copy_templates(copy)
        git.commit_all(copy, f"mlops-new templates {version}", _PUBLISHER)
        branches = [f"HEAD:refs/heads/{branch}" for branch in ("main", UPSTREAM)]
        git.push(copy, url, *branches, f"HEAD:refs/tags/{version}", env=env)


def _copy_templates(copy: Path) -> None:
    root = packaged()
    skip = shutil.ignore_patterns("__pycache__", ".*_cache", ".venv*")
    shutil.copyfile(root / "copier.yml", copy / "copier.yml")
    shutil.copytree(root / "templates", copy / "templates", ignore=skip)


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


_FLOAT = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"


@contextmanager
def _copier_errors() -> Iterator[None]:
    from copier.errors import CopierError, CopierWarning, UserMessageError
    from plumbum.commands.processes import ProcessExecutionError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CopierWarning)
            yield
    except (KeyboardInterrupt, Error):
        raise
    except ProcessExecutionError as error:
        raise Error(f"git could not read the template repository: {_first_line(error.stderr)}") from error
    except UserMessageError as error:
        raise Error(f"the template cannot be rendered: {_first_line(error)}") from error
    except (ValueError, TypeError) as error:
        # What Copier raises for an answer of the wrong type or outside the choices.
        raise Invalid(f"an answer is refused: {_first_line(error)}") from error
    except CopierError as error:
        raise Error(f"the template cannot be rendered: {_first_line(error)}") from error


def _first_line(error: object) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0]
