"""`mlops-new data`: what a table is taken for, before anything runs."""

from dataclasses import dataclass
from pathlib import Path

from mlops_new.cli.adapters import local_platform
from mlops_new.cli.commands import data_description, run_inputs
from mlops_new.cli.console import Console
from mlops_new.errors import Invalid
from mlops_new.names import Kind
from mlops_new.ports.platform import Image, Machine
from mlops_new.project.here import Repository, standing_in
from mlops_new.settings.load import Settings


@dataclass(frozen=True)
class Request:
    """What was typed.

    Args:
        directory: Where the command stands.
        input: The table: a file, a folder or an object on this machine; None for the sample.
    """

    directory: Path
    input: str | None


def run(request: Request, settings: Settings, console: Console) -> None:
    """Have the project's own code describe the table, in its own environment."""
    repository = standing_in(request.directory)
    with local_platform(settings) as platform:
        sources = run_inputs.Sources(repository, platform, request.input, console.say)
        table = table_of(sources, platform.machine)
        image = _image(repository, platform.machine, sources, console)
        if not data_description.understands_tables(image.code):
            raise Invalid(
                "the project's template is too old to describe tables", hint="`mlops-new update` brings a newer one"
            )
        document = data_description.described(image, table)
    console.result(data_description.text(document), document)


def table_of(sources: run_inputs.Sources, machine: Machine) -> Path:
    """Where the data lie on this machine.

    Raises:
        Invalid: They are not there.
    """
    if not run_inputs.is_object(sources.data):
        return run_inputs.file(sources)
    path = machine.path(str(sources.data))
    if not path.exists():
        raise Invalid(f"there is no object {sources.data} on this machine")
    return path


def _image(repository: Repository, machine: Machine, sources: run_inputs.Sources, console: Console) -> Image:
    """A build repository's own; in a deploy repository that of the model in use, which will read the table."""
    if repository.kind is Kind.BUILD:
        return machine.build_image(repository.path, project=repository.project, notify=console.say)
    return machine.image(run_inputs.model_in_use(sources)["ImageUri"], notify=console.say)
