"""The only door to Copier, and to the template repository that projects are rendered from."""

import json
import os
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
from mlops_new.environ import SECRET_VARIABLES
from mlops_new.errors import Error, Invalid
from mlops_new.files import readable_errors
from mlops_new.ports import GitHost
from mlops_new.spec import Kind, Template

_CACHE = "COPIER_CACHE_DIR"
_COPY = "template.git"
ANSWERS_FILE = ".copier-answers.yml"
PACKAGED_VERSION = f"v{__version__}"
# The branch of the template repository that holds the versions as they were published. `main` follows it until
# an organisation commits its own edits there; from then on only its own tags move `main`.
UPSTREAM = "mlops-new"
# Published commits are the same everywhere, so two people publishing one version publish one commit.
_PUBLISHER = "mlops-new <mlops-new@localhost> 1767225600 +0000"


def packaged() -> Path:
    """The folder with `copier.yml` and `templates/`: inside the installed package, or the checkout's root."""
    here = Path(__file__).resolve().parent
    installed = here / "_template"
    return installed if installed.is_dir() else here.parents[1]


class Copier:
    """Renders repositories; everything Copier raises leaves here as one of our errors."""

    def resolve(
        self, template: Template | None, data: Mapping[str, Any], *, ask: bool, env: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Every question of a template answered, nothing rendered.

        Args:
            template: Where it is; None for the packaged one.
            data: Answers given; text is read as the question's type.
            ask: Whether a person answers the others; else their defaults do.
            env: Lets git read it, see `at_hand`.

        Raises:
            Invalid: an answer that the template does not know, or refuses.
        """
        with tempfile.TemporaryDirectory(prefix="mlops-new-") as nowhere, _copier_errors(), _seen_by_copier(env or {}):
            from copier import run_copy

            url, version = (template.url, template.version) if template else (_questions(Path(nowhere)), None)
            worker = run_copy(
                url, nowhere, dict(data), vcs_ref=version, defaults=not ask, quiet=True, pretend=True, exclude=["*"]
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
        with _copier_errors(), readable_errors(destination), _seen_by_copier(env):
            from copier import run_copy

            run_copy(url, destination, data, vcs_ref=version, defaults=True, quiet=True)
        # Copier renders a repository it cannot read (another owner's, say) as a plain folder and says nothing.
        recorded = read_answers((destination / ANSWERS_FILE).read_text(encoding="utf-8"))
        if recorded.get("_commit") != version or recorded.get("_src_path") != url:
            raise Error(f"{url} was not read as a Git repository, so the project could never be updated from it")


def at_hand(host: GitHost, url: str, private: Path) -> Mapping[str, str]:
    """The environment in which git, and so Copier, reads a template repository from this machine.

    Copier starts git many times for each repository that it renders. From a server elsewhere the template is fetched
    once; under the same URL git then reads that copy, and needs no credentials.

    Args:
        host: The Git host.
        url: The template repository.
        private: A folder of this command's own; the copy in it is used again.
    """
    if Path(url).is_absolute():
        return {}
    copy = private / _COPY
    if not copy.exists():
        with host.credentials(url) as env:
            git.run("clone", "--quiet", "--bare", url, str(copy), env=env)
    # Copier's own cache would be shared with other programs, and is by URL: whose credentials read it is not asked.
    return git.configuration((f"url.{copy}.insteadOf", url)) | {_CACHE: str(private / "copier")}


@contextmanager
def _seen_by_copier(env: Mapping[str, str]) -> Iterator[None]:
    """Variables for Copier and the git that it starts, and no secret: plumbum passes on what it saw when imported."""
    from plumbum import local

    before = os.environ.get(_CACHE)
    if _CACHE in env:
        os.environ[_CACHE] = env[_CACHE]  # this one Copier reads itself
    try:
        with local.env(**env):
            for name in local.env.keys() & set(SECRET_VARIABLES):
                del local.env[name]
            yield
    finally:
        if before is not None:
            os.environ[_CACHE] = before
        elif _CACHE in env:
            del os.environ[_CACHE]


def _questions(folder: Path) -> str:
    """The packaged questions in a folder of their own: the checkout of a developer would be cloned, for seconds."""
    shutil.copyfile(packaged() / "copier.yml", folder / "copier.yml")
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


def publish(url: str, version: str, refs: Mapping[str, str], env: Mapping[str, str], private: Path) -> None:
    """Commit the packaged templates on top of what was published before, tag them, and push both or neither.

    Args:
        url: The template repository, which exists.
        version: The tag.
        refs: What the repository has, as `git.remote_refs` tells.
        env: Lets git reach it.
        private: A folder of this command's own; the copy in it serves `at_hand` afterwards.
    """
    copy = private / _COPY
    shutil.rmtree(copy, ignore_errors=True)
    git.run("init", "--quiet", "--bare", "--template=", str(copy))
    parent = refs.get(f"refs/heads/{UPSTREAM}", "")
    if parent:
        git.run("fetch", "--quiet", url, f"refs/heads/{UPSTREAM}", cwd=copy, env=env)
    git.run("fast-import", "--quiet", "--depth=0", cwd=copy, stdin=b"".join(_commit(version, parent)))
    targets = [f"refs/heads/{UPSTREAM}:{ref}" for ref in _moved(refs, version)]
    git.push(copy, url, *targets, env=env)


def _moved(refs: Mapping[str, str], version: str) -> list[str]:
    followed = refs.get("refs/heads/main") == refs.get(f"refs/heads/{UPSTREAM}")
    return [*(["refs/heads/main"] if followed else []), f"refs/heads/{UPSTREAM}", f"refs/tags/{version}"]


def _commit(version: str, parent: str) -> Iterator[bytes]:
    """A commit of exactly the packaged files, in the language of `git fast-import`."""
    message = f"mlops-new templates {version}".encode()
    yield f"commit refs/heads/{UPSTREAM}\nauthor {_PUBLISHER}\ncommitter {_PUBLISHER}\n".encode()
    yield b"data %d\n%s\n" % (len(message), message)
    yield f"from {parent}\n".encode() if parent else b""
    yield b"deleteall\n"
    for name, file in packaged_files():
        content = file.read_bytes()
        mode = "100755" if os.access(file, os.X_OK) else "100644"
        yield f"M {mode} inline {json.dumps(name, ensure_ascii=False)}\ndata {len(content)}\n".encode()
        yield content + b"\n"
    yield f"reset refs/tags/{version}\nfrom refs/heads/{UPSTREAM}\n".encode()


def packaged_files() -> list[tuple[str, Path]]:
    """What is published: paths from the template's root, and the files."""
    root = packaged()
    templates = [path for path in (root / "templates").rglob("*") if path.is_file() and not _is_litter(path)]
    return [(path.relative_to(root).as_posix(), path) for path in sorted([root / "copier.yml", *templates])]


def _is_litter(path: Path) -> bool:
    """What tools leave behind in a checkout where people work on the templates."""
    return any(part == "__pycache__" or part.endswith("_cache") or part.startswith(".venv") for part in path.parts)


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
