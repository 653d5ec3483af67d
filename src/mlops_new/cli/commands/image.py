"""`mlops-new image`: make the image of a build repository and tell its URI, as `docker build` and `push` would."""

from pathlib import Path

from mlops_new.cli.adapters import local_platform
from mlops_new.cli.console import Console
from mlops_new.errors import Invalid
from mlops_new.names import Kind
from mlops_new.project.here import standing_in
from mlops_new.settings.load import Settings


def run(directory: Path, settings: Settings, console: Console) -> None:
    """Make it, or find it: the same files and requirements are one image.

    Raises:
        Invalid: This is no build repository: the others run in the image of their model.
        Error: Its environment cannot be made.
    """
    repository = standing_in(directory)
    if repository.kind is not Kind.BUILD:
        raise Invalid(
            "images are made from build repositories: a deploy repository runs in the image of its model",
            hint=f"cd into {repository.project}-{Kind.BUILD}, or name it with -C",
        )
    with local_platform(settings) as platform:
        image = platform.machine.build_image(repository.path, project=repository.project, notify=console.say)
    console.result(image.uri, {"image": image.uri})
