"""Start one of this repository's pipelines in the account that CI has signed in to, and follow it to its end.

    python3 -m ci.start                         the repository's main pipeline, on the sample
    python3 -m ci.start inference --input s3://bucket/key --no-wait

Exit code 0 when it succeeded (or, with --no-wait, started); 1 when it failed, was stopped, or took too long. A
variable stands for --input: MLOPS_INPUT_DATA_URI, or for the model-quality pipeline MLOPS_GROUND_TRUTH_URI.
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ci import account, code, errors, following, repository
from ci.errors import CiError, say
from ci.objects import Objects, below

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ci.account import Account

TRUTH = "model-quality"  # the one pipeline whose input is ground truth


class Values:
    """Values for the parameters that a pipeline declares.

    Args:
        here: The account it is started in.
        pipeline: The pipeline's name after the project's.
        data: What was given as `--input`: a file, a folder or a URI; None for the sample.
    """

    def __init__(self, here: Account, pipeline: str, data: str | None) -> None:
        self.here, self.pipeline, self.data = here, pipeline, data
        self.project = repository.project()
        self.objects = Objects(here.client("s3"), here.bucket, self.project)

    def of(self, declared: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
        """A value for each declared parameter that this script knows how to fill; what was given stands.

        Raises:
            CiError: A value was given that is not declared, or one without a default is missing.
        """
        if unknown := sorted(given.keys() - declared.keys()):
            raise CiError(f"the pipeline has no parameter {', '.join(unknown)}: it has {', '.join(sorted(declared))}")
        values = {**self._of_the_model(declared, given), **given}
        open_ones = declared.keys() - values.keys()
        values |= {name: fill() for name, fill in self._fillers().items() if name in open_ones}
        missing = sorted(name for name in declared.keys() - values.keys() if declared[name] is None)
        if missing:
            raise CiError(f"nothing says {', '.join(missing)}: give --parameter {missing[0]}=VALUE")
        return values

    def _of_the_model(self, declared: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
        """In a deploy repository, what belongs to the latest approved model package, unless another one is given."""
        if repository.kind() != "deploy" or "ModelPackageArn" in given:
            return {}
        found = _model_in_use(self.here.client("sagemaker"), self.project)
        return {name: value for name, value in found.items() if name in declared}

    def _fillers(self) -> Mapping[str, Callable[[], str]]:
        """How each parameter that has a value by convention gets it; asked only for those that are declared."""
        return {
            "ExecutionRoleArn": lambda: self.here.execution_role,
            "Bucket": lambda: self.here.bucket,
            "Commit": repository.commit,
            "HistoryUri": self.objects.history,
            "CodeUri": self._code,
            "ImageUri": self._image,
            "InputDataUri": self._input,
            "ModelMonitorImageUri": lambda: _analyzer("ModelMonitorImageUri", self.here),
            "ClarifyImageUri": lambda: _analyzer("ClarifyImageUri", self.here),
        }

    def _code(self) -> str:
        """The files of this commit, for the steps that run its scripts."""
        return self.objects.upload("code", code.files())

    def _image(self) -> str:
        """The image of this commit, which has to be in the registry."""
        tag = account.image_tag(self.project, repository.commit())
        if not image_exists(self.here, tag):
            raise CiError(f"there is no image {tag} in {self.here.ecr_repository}: `python3 -m ci.image` makes it")
        return self.here.image(tag)

    def _input(self) -> str:
        if self.data and self.data.startswith("s3://"):
            return self.data
        path = Path(self.data) if self.data else sample(TRUTH if self.pipeline == TRUTH else "input")
        if not path.exists():
            raise CiError(f"there is no file or folder {path}: --input takes one, or s3://bucket/key")
        return self.objects.upload("data", below(path))


def _model_in_use(sagemaker: Any, project: str) -> dict[str, str]:
    from botocore.exceptions import ClientError

    model_in_use = importlib.import_module("model_in_use")  # which the deploy repository alone has
    try:
        approved = model_in_use.approved_in_group(sagemaker, project)
        if not approved:
            raise CiError(f"no model of {project} is approved in this account: approve one, or promote one to here")
        waiting = model_in_use.waiting_in_group(sagemaker, project, approved[0])
        found: dict[str, str] = {**model_in_use.parameters(approved[0]), "PendingModelPackage": waiting}
    except ValueError as error:
        raise CiError(str(error)) from error
    except ClientError as error:
        if errors.absent(error):
            raise CiError(f"there is no model package group {project}: build one, or promote one to here") from error
        raise
    return found


def image_exists(here: Account, tag: str) -> bool:
    """Whether the account's registry has an image of this tag."""
    from botocore.exceptions import ClientError

    try:
        here.client("ecr").describe_images(repositoryName=here.ecr_repository, imageIds=[{"imageTag": tag}])
    except ClientError as error:
        if errors.code(error) == "ImageNotFoundException":
            return False
        if errors.code(error) == "RepositoryNotFoundException":
            repository_name = here.ecr_repository
            raise CiError(f"there is no ECR repository {repository_name}: `mlops-new bootstrap` makes it") from error
        raise
    return True


def sample(which: str) -> Path:
    """The sample that `config.toml` names, made where it is not there.

    Args:
        which: `input`, or `model-quality` for the ground truth.
    """
    about = repository.config().get("sample", {})
    name = about.get("truth" if which == TRUTH else "input")
    if not name:
        raise CiError("config.toml names no [sample]: say what to work on with --input")
    path = repository.ROOT / str(name)
    if not path.exists() and "make" in about:
        say(f"making the sample {name}")
        command = [sys.executable if word == "python3" else word for word in about["make"]]
        if subprocess.run(command, cwd=repository.ROOT, check=False).returncode:
            raise CiError(f"the sample could not be made: {' '.join(about['make'])}")
    return path


def _analyzer(parameter: str, here: Account) -> str:
    """The image of Model Monitor or Clarify in this region, which AWS keeps in accounts of its own."""
    variable = "MLOPS_CLARIFY_IMAGE" if parameter == "ClarifyImageUri" else "MLOPS_MODEL_MONITOR_IMAGE"
    if given := here.environment.get(variable):
        return given
    table = repository.definition(Path(__file__).with_name("analyzers.json"))[parameter]
    owner = table["accounts"].get(here.region)
    if owner is None:
        raise CiError(f"no image for {parameter} is known in {here.region}: name one with the variable {variable}")
    return f"{owner}{here.registry.removeprefix(here.id)}/{table['image']}"


def start(here: Account, options: argparse.Namespace) -> int:
    """Start the pipeline that was asked for and, unless told otherwise, follow it; the exit code."""
    known = repository.definitions()
    short = options.pipeline or next(iter(known))
    if short not in known:
        raise CiError(f"there is no pipeline {short} here: there is {', '.join(known)}")
    document = repository.definition(known[short])
    declared = {one["Name"]: one.get("DefaultValue") for one in document.get("Parameters", [])}
    variable = "MLOPS_GROUND_TRUTH_URI" if short == TRUTH else "MLOPS_INPUT_DATA_URI"
    values = Values(here, short, options.input or here.environment.get(variable))
    filled = values.of(declared, dict(options.parameter))
    sagemaker = here.client("sagemaker")
    arn = sagemaker.start_pipeline_execution(
        PipelineName=f"{values.project}-{short}",
        PipelineExecutionDisplayName=f"commit-{repository.commit()[:12]}",
        PipelineParameters=[{"Name": name, "Value": value} for name, value in sorted(filled.items())],
    )["PipelineExecutionArn"]
    say(f"started {arn}")
    for name, value in sorted(filled.items()):
        say(f"  {name} = {value}")
    return 0 if options.no_wait else following.follow(sagemaker, arn, minutes=options.minutes, every=options.every)


def assignment(text: str) -> tuple[str, str]:
    """`NAME=VALUE` as a pair."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def main() -> int:
    """Start, and follow."""
    parser = argparse.ArgumentParser(prog="ci.start", description="Start a pipeline of this repository and follow it.")
    parser.add_argument("pipeline", nargs="?", help="build, inference or model-quality (default: the first one here)")
    parser.add_argument("--input", help="a file, a folder or s3://bucket/key (default: the repository's sample)")
    parser.add_argument(
        "--parameter", type=assignment, action="append", default=[], metavar="NAME=VALUE", help="repeat as needed"
    )
    parser.add_argument("--no-wait", action="store_true", help="end when it has started")
    parser.add_argument("--minutes", type=float, default=55, help="follow it for so long (default: %(default)s)")
    parser.add_argument("--every", type=float, default=15, help="seconds between two looks (default: %(default)s)")
    options = parser.parse_args()
    os.chdir(repository.ROOT)
    return errors.run("ci.start", lambda: start(account.connect(), options))


if __name__ == "__main__":
    sys.exit(main())
