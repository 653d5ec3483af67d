"""`mlops-new stop`: end an execution that is running."""

from pathlib import Path

from mlops_new.cli import suggested_commands
from mlops_new.cli.adapters import platform as connect
from mlops_new.cli.console import Console
from mlops_new.project.here import standing_in
from mlops_new.settings.load import Settings


def run(execution: str, directory: Path, settings: Settings, console: Console) -> None:
    """Ask it to stop; its steps that are running are ended.

    Raises:
        Invalid: there is none, or it has ended.
    """
    repository = standing_in(directory)
    platform = connect(settings, repository.project)
    found = platform.executions.describe(execution)
    platform.executions.stop(found.id)
    again = f"mlops-new run --resume {found.id}{platform.option}{suggested_commands.at(repository.path)}"
    text = f"{found.pipeline} {found.id} is told to stop.\nTo go on from there: {again}"
    console.result(text, {"pipeline": found.pipeline, "execution": found.id, "status": "Stopping"})
