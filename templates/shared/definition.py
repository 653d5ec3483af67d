"""Compile this repository's pipelines to the JSON that is reviewed, committed and registered.

    python3 definition.py            write every definition
    python3 definition.py --check    exit 1 and show the difference where a committed definition is out of date

A pipeline module (`pipeline.py`, or a file in `pipelines/`) has a function `pipeline()` that composes a pipeline with
the SageMaker Python SDK. Its definition stands beside it under the same name with `.json`. The definition depends on
the module and on `config.toml` alone: not on an account, a region, a clock, this machine's settings or a network.
"""

from __future__ import annotations

import argparse
import difflib
import importlib.util
import json
import logging
import os
import re
import runpy
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parent
REMEDY = "run `make definition` and commit what it writes"

# Some arguments of the SDK are typed as plain text and refuse a pipeline variable. They get this placeholder, which
# `document` replaces by the reference. It looks like a role's ARN because the SDK asks a role to look like one.
PLACEHOLDER = "arn:aws:iam::000000000000:role/Parameters."

# No such region exists. The SDK needs some region when it is imported, and it sends telemetry only from a region it
# knows. Its own switch, TelemetryOptOut in an SDK configuration, costs ten seconds: with a configuration present every
# look-up of a default validates the whole of it again.
REGION = "offline-1"

JsonValue = dict[str, Any] | list[Any] | str | float | bool | None


class RecipeError(Exception):
    """A pipeline module or `config.toml` cannot be compiled. The message says why and what to do."""


def placeholder(parameter: str) -> str:
    """Text that stands for a pipeline parameter where the SDK takes nothing but text."""
    return PLACEHOLDER + parameter


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check definitions; the exit code says whether they are (now) what the modules compile to."""
    parser = argparse.ArgumentParser(description="Compile the pipelines of this repository to their definitions.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 where a definition is out of date")
    parser.add_argument("modules", nargs="*", type=Path, help="pipeline modules (default: all of this repository)")
    options = parser.parse_args(arguments)
    if importlib.util.find_spec("sagemaker") is None:
        return _fail("the SageMaker SDK is not installed in this environment; `make definition` makes one that has it")
    isolate()
    try:
        stale = [path for path in options.modules or modules() if not _bring_up_to_date(path, check=options.check)]
    except RecipeError as error:
        return _fail(str(error))
    if stale:
        return _fail(f"{', '.join(_shown(definition_of(module)) for module in stale)}: out of date; {REMEDY}")
    return 0


def modules() -> list[Path]:
    """The pipeline modules of this repository."""
    return [*ROOT.glob("pipeline.py"), *sorted(ROOT.glob("pipelines/*.py"))]


def definition_of(module: Path) -> Path:
    """Where the definition of a pipeline module stands."""
    return module.with_suffix(".json")


def isolate() -> None:
    """Keep what is special about this machine out of the SDK; to be called before anything imports it.

    The SDK takes settings from variables and from files outside the repository, looks for credentials (on the network
    too, where it finds none) and wants to ask AWS about the role it is given.
    """
    for name in [name for name in os.environ if name.startswith(("AWS_", "SAGEMAKER_"))]:
        del os.environ[name]
    os.environ |= {
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "offline",
        "AWS_SECRET_ACCESS_KEY": "offline",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAGEMAKER_ADMIN_CONFIG_OVERRIDE": os.devnull,
        "SAGEMAKER_USER_CONFIG_OVERRIDE": os.devnull,
        "SAGEMAKER_VALIDATE_ROLE": "false",
    }
    # It also comments at length on each step it composes.
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")


def compiled(module: Path) -> str:
    """What a pipeline module compiles to: JSON with sorted keys, the same bytes each time."""
    pipeline = runpy.run_path(str(module))["pipeline"]()
    return json.dumps(document(json.loads(pipeline.definition())), indent=2, sort_keys=True) + "\n"


def document(definition: dict[str, Any]) -> dict[str, Any]:
    """A definition as the SDK renders it, with references for placeholders and without members that say nothing.

    Raises:
        RecipeError: A placeholder names no parameter of this pipeline.
    """
    declared = {parameter["Name"] for parameter in definition.get("Parameters", [])}
    tidy: dict[str, Any] = _tidy(definition, declared)
    return tidy


def _tidy(value: Any, declared: set[str]) -> Any:
    match value:
        case str() if PLACEHOLDER in value:
            return {"Get": f"Parameters.{_declared(value.removeprefix(PLACEHOLDER), declared)}"}
        case dict():
            tidy = {key: _tidy(item, declared) for key, item in value.items()}
            # An empty list is kept: a condition without an else branch has to say so.
            return {key: item for key, item in tidy.items() if item not in (None, {})}
        case list():
            return [_tidy(item, declared) for item in value]
        case _:
            return value


def _declared(name: str, declared: set[str]) -> str:
    if name not in declared:
        raise RecipeError(f"placeholder({name!r}) is used, but the pipeline has no parameter {name}: add it to them")
    return name


def _bring_up_to_date(module: Path, *, check: bool) -> bool:
    """Write the definition, or with `check` show how it differs; says whether it is up to date now."""
    path, new = definition_of(module), compiled(module)
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    if old == new:
        _say(f"{_shown(path)} is what {module.name} compiles to")
        return True
    if check:
        _say("\n".join([*summary(old, new), "", *_unified(old, new, path.name, module.name)]))
        return False
    path.write_text(new, encoding="utf-8", newline="\n")
    _say("\n".join([f"{_shown(path)} written", *(f"  {line}" for line in summary(old, new) if old)]))
    return True


def _unified(old: str, new: str, committed: str, module: str) -> Iterator[str]:
    names = (f"{committed} (as committed)", f"{committed} (compiled from {module})")
    return difflib.unified_diff(old.splitlines(), new.splitlines(), *names, lineterm="")


def summary(old: str, new: str) -> list[str]:
    """How two definitions differ, one sentence each for a reviewer: parameters, then steps, then the rest."""
    if not old:
        return ["there is no committed definition"]
    try:
        before = json.loads(old)
    except json.JSONDecodeError as error:
        return [f"the committed definition is not JSON: {error}"]
    after = json.loads(new)
    lines = [
        *_named_changes("parameter", _by_name(before, "Parameters"), _by_name(after, "Parameters")),
        *_named_changes("step", _steps(before), _steps(after)),
        *(f"{path} {change}" for path, change in _changes(_rest(before), _rest(after))),
    ]
    return lines or ["the content is the same and only the layout differs"]


def _by_name(definition: Any, member: str) -> dict[str, Any]:
    return {item["Name"]: item for item in definition.get(member, [])}


def _rest(definition: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in definition.items() if key not in ("Parameters", "Steps")}


def _steps(definition: dict[str, Any]) -> dict[str, Any]:
    """All steps by name. Those in a condition's branches stand for themselves; the condition keeps their names."""
    found: dict[str, Any] = {}
    for step in definition.get("Steps", []):
        arguments = dict(step.get("Arguments", {}))
        for branch in ("IfSteps", "ElseSteps"):
            found |= _steps({"Steps": arguments.get(branch, [])})
            if branch in arguments:
                arguments[branch] = ", ".join(nested["Name"] for nested in arguments[branch]) or "nothing"
        found[step["Name"]] = {**{key: value for key, value in step.items() if key != "Arguments"}, **arguments}
    return found


def _named_changes(kind: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    yield from (f"{kind} {name} removed" for name in old if name not in new)
    yield from (f"{kind} {name} added" for name in new if name not in old)
    kept_before, kept_after = [name for name in old if name in new], [name for name in new if name in old]
    if kept_before != kept_after:
        yield f"{kind}s in another order: {', '.join(kept_after)}"
    for name in kept_after:
        yield from (f"{kind} {name}: {path} {change}" for path, change in _changes(old[name], new[name]))


def _changes(old: JsonValue, new: JsonValue, path: str = "") -> Iterator[tuple[str, str]]:
    """Each place where two documents differ, with the difference in words."""
    before, after = _members(old), _members(new)
    if before is None or after is None:
        if old != new:
            yield _words(path), f"changed from {_value(old)} to {_value(new)}"
        return
    for key in [*before, *(key for key in after if key not in before)]:
        below = f"{path}.{key}" if path else key
        if key not in after:
            yield _words(below), "removed"
        elif key not in before:
            yield _words(below), "added" if _members(after[key]) else f"added: {_value(after[key])}"
        else:
            yield from _changes(before[key], after[key], below)


def _members(value: JsonValue) -> dict[str, Any] | None:
    """What can be compared piece by piece; a reference or a joined text is one thing and has no pieces."""
    match value:
        case {"Get": _} | {"Std:Join": _} | {"Std:JsonGet": _}:
            return None
        case dict():
            return value
        case [*items] if items and all(isinstance(item, dict) for item in items):
            return {_item_name(item, position): item for position, item in enumerate(items)}
        case _:
            return None


def _item_name(item: dict[str, Any], position: int) -> str:
    names = (item.get(member) for member in ("InputName", "OutputName", "ChannelName"))
    return next((str(name) for name in names if name), str(position))


def _words(path: str) -> str:
    """`ResourceConfig.InstanceType` → `instance type (ResourceConfig.InstanceType)`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", path.rpartition(".")[2]).lower()
    return spaced if spaced == path.lower() else f"{spaced} ({path})"


def _value(value: JsonValue) -> str:
    match value:
        case {"Get": str(reference)}:
            return reference
        case {"Std:Join": {"On": str(separator), "Values": [*values]}}:
            return separator.join(_value(item) for item in values)
        case {"Std:JsonGet": {"PropertyFile": file, "Path": str(path)}}:
            return f"{path} of {_value(file)}"
        case str():
            return value
        case _:
            return json.dumps(value, sort_keys=True)


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _fail(message: str) -> int:
    sys.stderr.write(f"definition: {message}\n")
    return 1


if __name__ == "__main__":
    # By its name, so that the errors that `jobs` raises are the ones that are caught here.
    import definition

    sys.exit(definition.main())
