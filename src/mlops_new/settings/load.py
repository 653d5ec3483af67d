"""Settings: a file, then the environment, then flags. Secrets come by environment only and are never kept here."""

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import platformdirs

from mlops_new.errors import Invalid


class Host(StrEnum):
    """Where repositories are hosted."""

    LOCAL = "local"
    BITBUCKET = "bitbucket"


class PlatformName(StrEnum):
    """Where pipelines run."""

    LOCAL = "local"
    SAGEMAKER = "sagemaker"


@dataclass(frozen=True)
class Settings:
    """What holds for every command.

    Args:
        git: The Git host.
        platform: Where pipelines are registered and run.
        home: Everything local lives here: repositories, objects, the registry, environments.
        bitbucket: The `[bitbucket]` table as it was read; it is judged when it is used.
        sagemaker: The `[sagemaker]` table, in the same way.
        file: Where they were read, and all that stands there.
        typed: The options of the command line that say so, by name: a command that is suggested needs them too.
    """

    git: Host
    platform: PlatformName
    home: Path
    bitbucket: object = field(default=None, compare=False)
    sagemaker: object = field(default=None, compare=False)
    file: "SettingsDocument | None" = field(default=None, compare=False)
    typed: Mapping[str, str] = field(default_factory=dict, compare=False)

    def judge(self, *tables: str) -> None:
        """Raise `Invalid`, with everything that is wrong in the file, where something is in one of these tables."""
        if self.file and any(getattr(self, name) is not None for name in tables):
            self.file.judge(lambda key: key in tables)


@dataclass(frozen=True)
class SettingsDocument:
    """A settings file as it was read.

    Args:
        path: Where.
        values: What it says.
    """

    path: Path
    values: Mapping[str, Any]

    def judge(self, matters: Callable[[str], bool]) -> None:
        """Raise `Invalid` where something is wrong below a key that matters; then all that is wrong is told."""
        from mlops_new.settings.reading import faults, refusal
        from mlops_new.settings.schema import SettingsFile

        found = faults(SettingsFile, self.values)
        if any(matters(str(one.place[0])) for one in found):
            raise refusal(found, str(self.path))


def load(
    config: Path | None,
    *,
    git: Host | None = None,
    platform: PlatformName | None = None,
    any_home: bool = False,
) -> Settings:
    """The settings in force.

    Args:
        config: The file named by a flag; else `MLOPS_NEW_CONFIG`; else in the user's config folder, or absent.
        git: From a flag.
        platform: From a flag.
        any_home: For whoever only tells what is wrong: the home may be none that anything could work in.

    Raises:
        Invalid: the file is missing, is not TOML, or says something that is not a setting.
    """
    file = _read(config)
    values = file.values if file else {}
    flags = {"git": git, "platform": platform, "config": config and config.absolute()}
    given = {name for name, value in (*flags.items(), ("home", os.environ.get("MLOPS_NEW_HOME"))) if value}
    if file and not _plain(values):
        file.judge(lambda key: key not in {*_TABLES, *given})
    git, platform = git or Host(values.get("git", "local")), platform or PlatformName(values.get("platform", "local"))
    place = home(values.get("home"))
    if not any_home:
        _refuse_home(place, jobs_run_there=platform is PlatformName.LOCAL)
    return Settings(
        git=git,
        platform=platform,
        home=place,
        bitbucket=values.get("bitbucket"),
        sagemaker=values.get("sagemaker"),
        file=file,
        typed={name: str(value) for name, value in flags.items() if value},
    )


def home(configured: str | None = None) -> Path:
    """Where everything local lives: `MLOPS_NEW_HOME`, the settings file, or the user's data folder."""
    named = os.environ.get("MLOPS_NEW_HOME") or configured
    if named is None:
        return platformdirs.user_data_path("mlops-new", appauthor=False)
    try:
        return Path(named).expanduser().absolute()
    except RuntimeError:
        raise Invalid(f"{named} is no folder for mlops-new's home: there is no such user", hint=_ELSEWHERE) from None


_ELSEWHERE = "set MLOPS_NEW_HOME, or home in the settings file, to another folder"
_LONGEST_HOME = 1024  # bytes; what jobs put below it needs as much again, and systems stop at 4096
_LONGEST_PART = 255
_UNUSABLE = frozenset("\"'\\`$%{}:")
"""What no path of a job may hold: jobs' scripts name their places in quotes, lists of folders are parted by colons."""


def _refuse_home(place: Path, *, jobs_run_there: bool) -> None:
    """Pass a home that is or can become a folder; one whose path breaks no job where jobs are run in it."""
    if len(os.fsencode(place)) > _LONGEST_HOME or any(len(os.fsencode(part)) > _LONGEST_PART for part in place.parts):
        raise Invalid(f"mlops-new's home cannot be {str(place)[:60]}…: the path is too long", hint=_ELSEWHERE)
    first = next(folder for folder in (place, *place.parents) if folder.exists())
    if not first.is_dir():
        raise Invalid(f"mlops-new's home cannot be {place}: {first} is a file", hint=_ELSEWHERE)
    unusable = sorted({char for char in str(place) if char in _UNUSABLE or not char.isprintable()})
    if jobs_run_there and unusable:
        shown = " ".join(ascii(char) if not char.isprintable() else char for char in unusable)
        raise Invalid(f"mlops-new's home cannot be {str(place)!r}: jobs cannot run below {shown}", hint=_ELSEWHERE)


_TABLES = ("bitbucket", "sagemaker")


def _plain(values: Mapping[str, Any]) -> bool:
    """Whether nothing is wrong outside of tables; the models, which take long to load, tell what is."""
    choices = {"git": tuple(Host), "platform": tuple(PlatformName)}
    return all(
        name in _TABLES or (isinstance(value, str) and (name == "home" or value in choices.get(name, ())))
        for name, value in values.items()
    )


def _read(config: Path | None) -> SettingsDocument | None:
    named = config or (Path(value) if (value := os.environ.get("MLOPS_NEW_CONFIG")) else None)
    path = named or platformdirs.user_config_path("mlops-new", appauthor=False) / "mlops-new.toml"
    try:
        return SettingsDocument(path, tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        if named:
            raise Invalid(f"there is no settings file {path}") from None
        return None
    except OSError as error:
        raise Invalid(f"the settings file {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"the settings file {path} is not TOML: {error}") from error
