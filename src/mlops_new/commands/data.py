"""`mlops-new data`: what a table is taken for, before anything runs."""

from dataclasses import dataclass
from pathlib import Path

from mlops_new.commands import description, inputs
from mlops_new.commands.repository import Repository, standing_in
from mlops_new.console import Console
from mlops_new.errors import Invalid
from mlops_new.platforms.local.images import Image
from mlops_new.platforms.local.runs import LocalRuns
from mlops_new.settings import Settings
from mlops_new.spec import Kind
from mlops_new.wiring import local_platform


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
    repository, platform = standing_in(request.directory), local_platform(settings)
    try:
        sources = inputs.Sources(repository, platform, request.input, console.say)
        table = table_of(sources, platform)
        image = _image(repository, platform, sources, console)
        if not description.understands_tables(image.code):
            raise Invalid(
                "the project's template is too old to describe tables", hint="`mlops-new update` brings a newer one"
            )
        document = description.described(image, table)
    finally:
        platform.close()
    console.result(description.text(document), document)


def table_of(sources: inputs.Sources, platform: LocalRuns) -> Path:
    """Where the data lie on this machine.

    Raises:
        Invalid: They are not there.
    """
    if not inputs.is_object(sources.data):
        return inputs.file(sources)
    path = platform.local_path(str(sources.data))
    if not path.exists():
        raise Invalid(f"there is no object {sources.data} on this machine")
    return path


def _image(repository: Repository, platform: LocalRuns, sources: inputs.Sources, console: Console) -> Image:
    """A build repository's own; in a deploy repository that of the model in use, which will read the table."""
    if repository.kind is Kind.BUILD:
        return platform.build_image(repository.path, project=repository.project, notify=console.say)
    return platform.image(inputs.model_in_use(sources)["ImageUri"], notify=console.say)
