"""How git is set up for our commands, whatever a person has configured."""

import os
from collections.abc import Mapping
from pathlib import Path

from mlops_new.system.environment import inheritable

# What a surrounding git command (a hook, a rebase) exports would send our commands to another repository.
_INHERITED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX")
# A monitor, a person's own program or a daemon that would live on, is for the repositories they work in themselves.
UNMONITORED = ("core.fsmonitor", "")  # of "false" Git before 2.36 makes the program of that name
# What a person configures must not change what git says and does here. In a working copy their ignore rules and line
# endings hold, as for their own commands.
_PLAIN = (
    ("core.hooksPath", "/dev/null"),
    UNMONITORED,
    ("core.quotePath", "false"),
    ("color.ui", "false"),
    ("status.showUntrackedFiles", "normal"),
    ("push.followTags", "false"),
    ("log.showSignature", "false"),
    ("i18n.logOutputEncoding", "utf-8"),
    ("safe.bareRepository", "all"),  # the local Git host is a folder of them
    ("advice.detachedHead", "false"),
    ("gc.auto", "0"),
    ("core.compression", "1"),  # of what is written by the way; the host packs as it likes
)
# What a template renders is committed byte for byte.
EXACT = (
    ("core.excludesFile", "/dev/null"),
    ("core.attributesFile", "/dev/null"),
    ("core.autocrlf", "false"),
    ("core.eol", "lf"),
)
# What Git makes repositories from that nobody owns: nothing that a person configures is run in them.
SCRATCH = Path(__file__).resolve().parent / "git_scratch"
_COUNT = "GIT_CONFIG_COUNT"
_SHA1 = {"GIT_DEFAULT_HASH": "sha1"}  # Git hosts know no other


def configuration(*settings: tuple[str, str], env: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Environment variables that configure git, after what an environment, the person's own, configures in this way."""
    inherited = env.get(_COUNT, "0")
    start = int(inherited) if inherited.isdigit() else 0
    variables = {_COUNT: str(start + len(settings))}
    for index, (key, value) in enumerate(settings, start):
        variables |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    return variables


def exact(env: Mapping[str, str]) -> dict[str, str]:
    """An environment in which git, whoever starts it, has the same files for everyone."""
    return {**env, **_SHA1, **configuration(*_PLAIN, *EXACT, ("init.templateDir", str(SCRATCH)), env=env)}


def environment_of(extra: Mapping[str, str]) -> dict[str, str]:
    """What a git command of ours gets, with what it needs besides."""
    kept = {name: value for name, value in inheritable().items() if name not in _INHERITED}
    env = kept | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"} | _SHA1 | dict(extra)
    return env | configuration(*_PLAIN, env=env)
