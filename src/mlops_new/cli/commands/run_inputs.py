"""What a pipeline is started with: the data, the code, the model in use, the commit."""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_new.cli import suggested_commands
from mlops_new.definition.document import MISSING, Parameter
from mlops_new.errors import Error, Invalid
from mlops_new.names import Kind
from mlops_new.ports.platform import Platform
from mlops_new.project.here import Repository
from mlops_new.system import git

_LONGEST_NAME = 48  # characters: with a bucket of 63 and a project of 55 a URI stays below 256
_LONGEST_ENDING = 12
_LOOKUP = "model_in_use.py"
_HISTORY = "What earlier executions leave for later ones: reports, and which ground truth was compared.\n"
_OF_THE_MODEL = {"ModelPackageArn", "ModelDataUrl"}


@dataclass(frozen=True)
class Sources:
    """Where the parameters come from that a person did not give.

    Args:
        repository: Whose pipeline is started.
        platform: Where it is started.
        data: `--input`: a file, a folder or an object's URI; None for the repository's sample.
        say: Told what takes a while.
        sample: Which of the repository's samples is meant: `input`, or `truth` where a pipeline takes ground truth.
    """

    repository: Repository
    platform: Platform
    data: str | None
    say: Callable[[str], None]
    sample: str = "input"


def parameters(declared: Mapping[str, Parameter], given: Mapping[str, str], sources: Sources) -> dict[str, str]:
    """Values for the declared parameters that this program knows how to fill, but for the image; what was given stands.

    Raises:
        Invalid: there is no such input, or the pipeline takes none.
        Error: no model is approved, the environment cannot be made.
    """
    if sources.data is not None and ("InputDataUri" not in declared or "InputDataUri" in given):
        raise Invalid("--input has no effect: the pipeline has no open parameter InputDataUri")
    wanted = declared.keys() - given.keys()
    values: dict[str, str] = dict(given)
    if "InputDataUri" in wanted and not _is_default_wanted(declared["InputDataUri"], sources):
        values["InputDataUri"] = _input(sources)
    if wanted & _OF_THE_MODEL:
        values |= {name: value for name, value in model_in_use(sources).items() if name in wanted}
    for name in sorted(wanted - values.keys()):
        if value := _filled(name, sources):
            values[name] = value
    return values


def with_image(
    declared: Mapping[str, Parameter], given: Mapping[str, str], sources: Sources
) -> tuple[dict[str, str], str]:
    """Add the repository's own image to the parameters, where the pipeline takes one and none was given.

    The image is told apart too: on this machine, steps that name an image of somewhere else run in it. A deploy
    repository whose model in use brought an image has none of its own.
    """
    if "ImageUri" in given and sources.repository.kind is Kind.DEPLOY:
        return dict(given), ""
    repository, needed = sources.repository, "ImageUri" in declared and "ImageUri" not in given
    image = sources.platform.sources.own_image(
        repository.path, project=repository.project, needed=needed, notify=sources.say
    )
    return {**({"ImageUri": image} if needed else {}), **given}, image


def _filled(name: str, sources: Sources) -> str | None:
    match name:
        case "ExecutionRoleArn":
            return sources.platform.sources.role
        case "Bucket":
            return sources.platform.sources.bucket
        case "Commit":
            return str(git.commit(sources.repository.path) or "uncommitted")
        case "HistoryUri":
            place = f"s3://{sources.platform.sources.bucket}/{sources.repository.project}/history"
            return sources.platform.objects.folder(place, _HISTORY)
        case "CodeUri":
            return sources.platform.objects.upload_code(sources.repository.path, project=sources.repository.project)
        case "ModelMonitorImageUri" | "ClarifyImageUri":
            return sources.platform.sources.analyzer(name)
        case _:
            return None


def _is_default_wanted(parameter: Parameter, sources: Sources) -> bool:
    return sources.data is None and parameter.default is not MISSING and not sources.platform.sources.prefers_sample


def _input(sources: Sources) -> str:
    if not is_object(sources.data):
        with _plainly_named(file(sources)) as path:
            return sources.platform.objects.upload(path, project=sources.repository.project, kind="data")
    uri = str(sources.data)
    if not sources.platform.objects.exists(uri):
        raise Invalid(f"there is no object {uri}", hint="--input takes a file, a folder or s3://bucket/key")
    return uri


@contextmanager
def _plainly_named(path: Path) -> Iterator[Path]:
    """The file or folder under a name that fits into every request that its URI becomes a part of.

    Tags, metadata and arguments do not take all characters, and arguments no more than 256 with bucket and project.
    """
    absolute = path.absolute()
    name = _plain(absolute.name)
    if name == absolute.name:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="mlops-new-input-") as folder:
        link = Path(folder, name)
        link.symlink_to(absolute.resolve(), target_is_directory=absolute.is_dir())
        yield link


def _plain(name: str) -> str:
    plain = re.sub(r"[^\w.+=@-]", "_", name)
    if len(plain) <= _LONGEST_NAME:
        return plain
    ending = "".join(Path(plain).suffixes[-2:])[-_LONGEST_ENDING:]
    return plain[: _LONGEST_NAME - len(ending)] + ending


def is_object(data: str | None) -> bool:
    """Whether `--input` names what is in an object store already."""
    return data is not None and data.startswith("s3://")


def file(sources: Sources) -> Path:
    """The file or folder of this machine that is named as the data, or the sample.

    Raises:
        Invalid: there is none.
    """
    if sources.data is None:
        return _sample(sources)
    path = Path(sources.data).expanduser()
    if not sources.data or not path.exists():
        raise Invalid(
            f"there is no file or folder {sources.data!r}", hint="--input takes a file, a folder or s3://bucket/key"
        )
    return path


def _sample(sources: Sources) -> Path:
    root = sources.repository.path
    sample = config(root).get("sample", {})
    if not isinstance(sample, dict) or sources.sample not in sample:
        raise Invalid("the repository names no sample", hint="give the data with --input, or [sample] in config.toml")
    file = root / str(sample[sources.sample])
    if not file.exists() and "make" in sample:
        sources.say(f"making the sample {sample[sources.sample]}")
        _make(root, [str(word) for word in sample["make"]])
    if not file.exists():
        raise Invalid(f"the sample {file} is not there", hint="give the data with --input, or [sample] in config.toml")
    return file


def _make(root: Path, command: list[str]) -> None:
    interpreter = sys.executable if command[0] in {"python", "python3"} else command[0]
    done = subprocess.run([interpreter, *command[1:]], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Error(f"the sample could not be made: {last}", hint=f"the command is: {' '.join(command)}")


def model_in_use(sources: Sources) -> dict[str, str]:
    """Ask the repository's own script, the same that Airflow and CI ask."""
    if sources.repository.kind is not Kind.DEPLOY:
        raise Invalid("only a deploy repository can say which model is in use")
    packages = [package.document for package in sources.platform.models.model_packages(sources.repository.project)]
    done = subprocess.run(
        [sys.executable, str(sources.repository.path / _LOOKUP)],
        input=json.dumps(packages, default=str),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"{_LOOKUP} gave no reason"])[-1]
        raise Error(last.removeprefix("model_in_use: "), hint=_approval_hint(sources, packages))
    found: dict[str, str] = json.loads(done.stdout)
    return found


def _approval_hint(sources: Sources, packages: list[dict[str, Any]]) -> str:
    repository, option = sources.repository, sources.platform.option
    if not packages:
        there = suggested_commands.sibling(repository.path, repository.project, Kind.BUILD)
        return f"make one first: {there}mlops-new run{option}; then approve what it registers"
    where = f"{option}{suggested_commands.at(repository.path)}"
    return f"`mlops-new models list{where}` shows them, `mlops-new models approve VERSION{where}` approves one"


def config(root: Path) -> dict[str, Any]:
    """The repository's `config.toml`; empty where there is none."""
    file = root / "config.toml"
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{file} is not TOML: {error}") from error
