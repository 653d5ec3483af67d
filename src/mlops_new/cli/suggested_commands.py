"""Commands that are suggested to a person, complete: as printed they work where they are printed."""

import shlex
from pathlib import Path

from mlops_new.names import Kind, slug
from mlops_new.settings.load import Settings


def typed(settings: Settings, *names: str) -> str:
    """The options that were typed and that another command needs to do the same, each with a blank before it.

    Args:
        settings: As they were loaded.
        names: Those that the other command takes: `git`, `platform`, `config`.
    """
    return "".join(f" --{name} {shlex.quote(settings.typed[name])}" for name in names if name in settings.typed)


def at(path: Path) -> str:
    """` -C PATH`, where whoever reads it does not stand in that folder; else nothing."""
    here = Path.cwd()
    return "" if here == path or path in here.parents else f" -C {shlex.quote(_short(path, here))}"


def sibling(path: Path, project: str, kind: Kind) -> str:
    """`cd PATH && ` for the project's other repository, where it lies beside this one; else what it is called."""
    beside = path.parent / slug(project, kind)
    return f"cd {shlex.quote(_short(beside, Path.cwd()))} && "


def _short(path: Path, here: Path) -> str:
    """The path from here where that is at most one folder up, as people write it."""
    if path.is_relative_to(here):
        return str(path.relative_to(here))
    if path.is_relative_to(here.parent) and here.parent != Path("/"):
        return str(Path("..", path.relative_to(here.parent)))
    return str(path)
