"""Commands about the versions of a model: parsed, called, and their exit code."""

from mlops_new.cli.options import (
    HERE,
    Config,
    Directory,
    Json,
    Note,
    PlatformOption,
    Version,
    new_console,
)
from mlops_new.settings.load import load


def list_models(
    *, directory: Directory = HERE, platform: PlatformOption = None, as_json: Json = False, config: Config = None
) -> None:
    """List the model versions of this project, the newest first."""
    from mlops_new.cli.commands import models as command

    command.list_versions(directory.absolute(), load(config, platform=platform), new_console(as_json=as_json))


def show(
    version: Version,
    *,
    directory: Directory = HERE,
    platform: PlatformOption = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Show one model version: metrics, data, commit, execution, files."""
    from mlops_new.cli.commands import models as command

    command.show(directory.absolute(), version, load(config, platform=platform), new_console(as_json=as_json))


def approve(
    version: Version,
    *,
    note: Note = "",
    directory: Directory = HERE,
    platform: PlatformOption = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Approve a model version: the next inference run uses the latest approved one."""
    from mlops_new.cli.commands import models as command

    settings = load(config, platform=platform)
    command.decide(directory.absolute(), version, "Approved", note, settings, new_console(as_json=as_json))


def reject(
    version: Version,
    *,
    note: Note = "",
    directory: Directory = HERE,
    platform: PlatformOption = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Reject a model version: no inference run uses it any more."""
    from mlops_new.cli.commands import models as command

    settings = load(config, platform=platform)
    command.decide(directory.absolute(), version, "Rejected", note, settings, new_console(as_json=as_json))
