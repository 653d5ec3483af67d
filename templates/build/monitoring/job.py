"""What all checks have in common when they run as a processing step."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import outcome
import paths
from model.errors import InputError
from monitoring import emf
from monitoring.findings import Result
from monitoring.settings import Settings


def arguments(description: str, more: Mapping[str, str] | None = None) -> argparse.Namespace:
    """The command line: what to do, and other folders than the job's own inputs and outputs.

    Args:
        description: What the job does.
        more: Options of one job alone, and their help; each is a text, empty where it is not given.
    """
    parser = argparse.ArgumentParser(description=description)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--baseline", action="store_true", help="make the baseline")
    what.add_argument("--check", action="store_true", help="check against the baseline")
    for name in ("data", "baseline", "output"):
        parser.add_argument(f"--{name}-folder", type=Path, default=None, help=f"another folder than the job's {name}")
    for name, text in (more or {}).items():
        parser.add_argument(f"--{name}", default="", help=text)
    return parser.parse_args()


def folder(given: Path | None, default: Callable[[], Path]) -> Path:
    """A folder of the command line, or the job's own."""
    return default() if given is None else given


def baseline_file(place: Path, name: str) -> Path:
    """A file of the baseline, wherever in its folder.

    Raises:
        InputError: There is none: a first run has nothing to compare with.
    """
    found = sorted(place.rglob(name)) if place.is_dir() else []
    if not found:
        raise InputError(
            f"there is no baseline: {name} is not in {place}. Nothing was checked. Run the build pipeline and approve "
            "its model, then pass the baseline of that model package"
        )
    return found[0]


def say(text: str) -> None:
    """Leave a message where SageMaker shows the exit message of a processing job."""
    paths.message().parent.mkdir(parents=True, exist_ok=True)
    paths.message().write_text(text + "\n", encoding="utf-8")
    print(text, flush=True)  # noqa: T201


def finish(result: Result, settings: Settings, project: str, metrics: Mapping[str, float]) -> None:
    """Say how the checks ended; with violations, also to the topic.

    Raises:
        InputError: There are violations and `fail_on_violation` is set.
    """
    emf.emit({"violations": len(result.findings), **metrics}, {"Project": project, "Check": result.kind})
    if result.findings:
        lines = [f"{finding.feature}: {finding.description}" for finding in result.findings[:20]]
        emf.notify(settings.topic, f"{project}: {len(result.findings)} violations of {result.kind}", "\n".join(lines))
    if result.findings and settings.fail_on_violation:
        raise InputError(f"{result.message} fail_on_violation is set in config.toml.")
    say(result.message)


def run(main: Callable[[], None]) -> None:
    """Do a job's work; a failure's reason is left where SageMaker looks for it."""
    outcome.run(main, reason=paths.message())
