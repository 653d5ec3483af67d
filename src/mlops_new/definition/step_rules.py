"""What is wrong with a step, beyond what a shape expresses."""

import re
from collections.abc import Iterator
from typing import Any, Final

from mlops_new.definition.conditions import condition_faults
from mlops_new.definition.document import BRANCHES, Definition, Path, Step, mapping, sequence, text
from mlops_new.definition.faults import Fault, kind, plain, show, suggest
from mlops_new.definition.graph import depends_on, out_of_reach
from mlops_new.definition.kinds import KINDS
from mlops_new.definition.limits import limit_faults
from mlops_new.definition.references import is_variable
from mlops_new.definition.schema import step_shape
from mlops_new.definition.scope import Scope
from mlops_new.definition.usage import usage_faults
from mlops_new.definition.values import judge

TRIGGERS: Final = ("Completed", "Failed", "Stopped", "Any")
_NOT_REPEATED: Final = frozenset({"Condition", "Fail", "ForEach"})
_DURATION = re.compile(
    r"P?(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?", re.IGNORECASE | re.ASCII
)


def step_faults(step: Step, scope: Scope) -> Iterator[Fault]:
    """Every fault of a step; the steps nested in it have their turn."""
    if step.type and step.type not in KINDS:
        complaint = f"{show(step.type)} is no type of step that SageMaker has{suggest(step.type, KINDS)}"
        yield Fault((*step.path, "Type"), complaint)
    yield from judge(step.body, step_shape(step.type), step.path, scope)
    yield from _depends_on(step, scope.definition)
    yield from _settings(step)
    if step.branch == "ForEachBody" and step.type in _NOT_REPEATED:
        yield Fault((*step.path, "Type"), f"a {step.type} step cannot stand in a ForEach step")
    yield from _by_type(step, scope)
    yield from limit_faults(step, scope)
    yield from usage_faults(step.own, step.path, scope, step)


def _depends_on(step: Step, definition: Definition) -> Iterator[Fault]:
    for index, entry in enumerate(sequence(step.body.get("DependsOn"))):
        path = (*step.path, "DependsOn", index)
        name = depends_on(entry)
        if not name:
            yield Fault(path, f"{show(entry)} is {kind(entry)}; the name of a step is expected")
            continue
        if isinstance(entry, dict):
            yield from _trigger(entry, path)
        target = definition.step(name)
        if target is None:
            yield Fault(path, f"there is no step {show(name)}{suggest(name, definition.names)}")
        elif branch := out_of_reach(step, target):
            yield Fault(path, f"step {plain(name)} may not have run: it is in {branch}")


def _trigger(entry: dict[str, Any], path: Path) -> Iterator[Fault]:
    for member in entry:
        if member not in {"Step", "Trigger"}:
            yield Fault((*path, member), "unknown member; expected Step or Trigger")
    if entry.get("Trigger") not in (None, *TRIGGERS):
        yield Fault(
            (*path, "Trigger"), f"{show(entry['Trigger'])} is no trigger{suggest(text(entry['Trigger']), TRIGGERS)}"
        )


def _settings(step: Step) -> Iterator[Fault]:
    """Rules of CacheConfig and RetryPolicies that no shape expresses."""
    expiry = mapping(step.body.get("CacheConfig")).get("ExpireAfter")
    if isinstance(expiry, str) and expiry and not _DURATION.fullmatch(expiry):
        place = (*step.path, "CacheConfig", "ExpireAfter")
        yield Fault(place, f"{show(expiry)} is no ISO 8601 duration; expected one like P30D or PT12H")
    for index, policy in enumerate(sequence(step.body.get("RetryPolicies"))):
        both = [name for name in ("MaxAttempts", "ExpireAfterMin") if mapping(policy).get(name) is not None]
        if len(both) > 1:
            place = (*step.path, "RetryPolicies", index)
            yield Fault(place, "MaxAttempts and ExpireAfterMin given; at most one of them is allowed")


def _by_type(step: Step, scope: Scope) -> Iterator[Fault]:
    for branch in BRANCHES.get(step.type, ()):
        yield from entry_faults(step.arguments.get(branch), (*step.path, "Arguments", branch))
    match step.type:
        case "Condition":
            for index, condition in enumerate(sequence(step.arguments.get("Conditions"))):
                yield from condition_faults(condition, (*step.path, "Arguments", "Conditions", index), scope)
        case "Processing":
            yield from _property_files(step)
        case "EMR":
            yield from _either(step, "ClusterId", "ClusterConfig")
        case "EMRServerless":
            yield from _either(step, "ApplicationId", "ApplicationConfig")
        case "Cleanup":
            yield from _cleanup(step, scope.definition)
        case "Lambda" | "Callback":
            yield from _outputs(step)
        case _:
            return


def entry_faults(value: Any, path: Path) -> Iterator[Fault]:
    """What stands in a list of steps and is none."""
    for index, body in enumerate(sequence(value)):
        if not isinstance(body, dict):
            yield Fault((*path, index), f"{show(body)} is {kind(body)}; a step is expected")


def _property_files(step: Step) -> Iterator[Fault]:
    outputs = sequence(mapping(step.arguments.get("ProcessingOutputConfig")).get("Outputs"))
    names = [mapping(output).get("OutputName") for output in outputs]
    seen: set[str] = set()
    for index, file in enumerate(sequence(step.body.get("PropertyFiles"))):
        path = (*step.path, "PropertyFiles", index)
        output, name = mapping(file).get("OutputName"), text(mapping(file).get("PropertyFileName"))
        if isinstance(output, str) and output not in names and not any(map(is_variable, [*outputs, *names])):
            yield Fault((*path, "OutputName"), f"the step has no output {show(output)}{suggest(output, _texts(names))}")
        yield from _once(name, seen, (*path, "PropertyFileName"))


def _outputs(step: Step) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, output in enumerate(sequence(step.body.get("OutputParameters"))):
        name = text(mapping(output).get("OutputName"))
        yield from _once(name, seen, (*step.path, "OutputParameters", index, "OutputName"))


def _once(name: str, seen: set[str], path: Path) -> Iterator[Fault]:
    if name and name in seen:
        yield Fault(path, f"{show(name)} is there twice")
    seen.add(name)


def _either(step: Step, one: str, other: str) -> Iterator[Fault]:
    given = [name for name in (one, other) if step.arguments.get(name) is not None]
    if len(given) != 1:
        found = " and ".join(given) or "neither"
        yield Fault((*step.path, "Arguments"), f"{found} given; either {one} or {other} is expected")


def _cleanup(step: Step, definition: Definition) -> Iterator[Fault]:
    for index, source in enumerate(sequence(mapping(step.arguments.get("Resources")).get("S3"))):
        name = text(mapping(source).get("StepName"))
        if name and definition.step(name) is None:
            place = (*step.path, "Arguments", "Resources", "S3", index, "StepName")
            yield Fault(place, f"there is no step {show(name)}{suggest(name, definition.names)}")


def _texts(values: list[Any]) -> list[str]:
    return [value for value in values if isinstance(value, str)]
