"""The variables of a definition: well formed, and referring to what exists and has run."""

from collections.abc import Iterator, Mapping
from typing import Any

from mlops_new.definition.document import Definition, Path, Step, mapping, sequence, text
from mlops_new.definition.faults import Fault, kind, plain, show, suggest
from mlops_new.definition.graph import out_of_reach
from mlops_new.definition.properties import property_sort
from mlops_new.definition.references import (
    EXECUTION,
    EXPERIMENT,
    FUNCTIONS,
    ExecutionReference,
    ExperimentReference,
    LoopReference,
    ParameterReference,
    PropertyFileReference,
    PropertyReference,
    is_variable,
    reference,
    variables,
)
from mlops_new.definition.schema import shape
from mlops_new.definition.scope import Scope
from mlops_new.definition.values import Sort, judge

_GRAMMAR = "Parameters.<name>, Execution.<name> or Steps.<step>.<property>"


def usage_faults(value: Any, path: Path, scope: Scope, reader: Step | None = None) -> Iterator[Fault]:
    """Every fault of the variables in a value.

    Args:
        value: A step without those nested in it, or a part of the document outside the steps.
        path: Where the value stands.
        scope: The definition's variables.
        reader: The step; None outside the steps, where no step has run.
    """
    for place, variable in variables(value, path):
        (function,) = variable
        match function:
            case "Get":
                yield from _get(variable["Get"], place, scope.definition, reader)
            case "Std:Join":
                yield from _join(variable[function], (*place, function), scope)
            case "Std:JsonGet":
                yield from _json_get(variable[function], (*place, function), scope)
            case _:
                yield Fault((*place, function), f"unknown function{suggest(function, FUNCTIONS)}")


def _join(arguments: Any, path: Path, scope: Scope) -> Iterator[Fault]:
    yield from judge(arguments, shape("pipeline.Join"), path, scope)
    for index, value in enumerate(sequence(mapping(arguments).get("Values"))):
        place = (*path, "Values", index)
        if not is_variable(value) and (value is None or isinstance(value, list | dict)):
            yield Fault(place, f"{show(value)} is {kind(value)}; text, a number, a Boolean or a variable is expected")
        if is_variable(value) and (sort := scope.sort(value)) in {Sort.LIST, Sort.OBJECT}:
            yield Fault(place, f"{show(value)} gives {sort.value}, which cannot be joined to text")


def _json_get(arguments: Any, path: Path, scope: Scope) -> Iterator[Fault]:
    yield from judge(arguments, shape("pipeline.JsonGet"), path, scope)
    if not isinstance(arguments, dict):
        return
    given = [name for name in ("PropertyFile", "S3Uri") if arguments.get(name) is not None]
    if len(given) != 1:
        yield Fault(path, f"{' and '.join(given) or 'neither'} given; either PropertyFile or S3Uri is expected")
    file = arguments.get("PropertyFile")
    if file is not None and not isinstance(reference(text(mapping(file).get("Get"))), PropertyFileReference):
        expected = 'an object {"Get": "Steps.<step>.PropertyFiles.<name>"} is expected'
        yield Fault((*path, "PropertyFile"), f"{show(file)}; {expected}")


def _get(name: Any, path: Path, definition: Definition, reader: Step | None) -> Iterator[Fault]:
    if not isinstance(name, str):
        yield Fault(path, f"Get takes {kind(name)} {show(name)}; text is expected: {_GRAMMAR}")
        return
    found = reference(name)
    if isinstance(found, PropertyReference | PropertyFileReference):
        yield from _step_reference(found, name, path, definition, reader)
        return
    if complaint := _complaint(found, definition, path, reader):
        yield Fault(path, f"{show(name)}: {complaint}")


def _complaint(found: Any, definition: Definition, path: Path, reader: Step | None) -> str:
    match found:
        case ParameterReference(name) if name not in definition.parameters:
            return f"there is no parameter {name}{suggest(name, definition.parameters)}"
        case ExecutionReference(name) if name not in EXECUTION:
            return f"a run has no {name}{suggest(name, EXECUTION)}"
        case ExperimentReference(name) if name not in EXPERIMENT:
            return f"an experiment has no {name}{suggest(name, EXPERIMENT)}"
        case LoopReference(step):
            return _loop(step, definition, path, reader)
        case None:
            return f"not a reference; expected {_GRAMMAR}"
        case _:
            return ""


def _loop(step: str, definition: Definition, path: Path, reader: Step | None) -> str:
    if reader is None:
        return "there is no ForEach step here"
    if not step:
        inside = any(branch == "ForEachBody" for _, branch in reader.ancestors)
        return "" if inside else "only the steps in a ForEach step have an item"
    target = definition.step(step)
    if reader.type != "ForEach" or path[-1] != "Field":
        return "only the selector of a ForEach step reads what an iteration gives"
    if target is None or target.parent is None or target.parent.path != reader.path:
        return f"step {plain(reader.name)} holds no step {step}"
    return ""


def _step_reference(
    reference: PropertyReference | PropertyFileReference,
    name: str,
    path: Path,
    definition: Definition,
    reader: Step | None,
) -> Iterator[Fault]:
    target = definition.step(reference.step)
    if reader is None:
        yield Fault(path, f"{show(name)}: no step has run when this is read")
    elif target is None:
        known = suggest(reference.step, definition.names)
        yield Fault(path, f"{show(name)}: there is no step {reference.step}{known}")
    else:
        if branch := out_of_reach(reader, target):
            yield Fault(path, f"{show(name)}: step {reference.step} may not have run: it is in {branch}")
        if complaint := _lost(reference, target, path):
            yield Fault(path, f"{show(name)}: {complaint}")


def _lost(reference: PropertyReference | PropertyFileReference, target: Step, path: Path) -> str:
    match reference:
        case PropertyReference():
            answer = property_sort(target, reference)
            return answer if isinstance(answer, str) else ""
        case PropertyFileReference(file=file):
            files = property_files(target)
            if file not in files:
                return f"step {target.name} declares no property file {file}{suggest(file, files)}"
            return "" if path[-2:] == ("Std:JsonGet", "PropertyFile") else "only Std:JsonGet reads a property file"


def property_files(step: Step) -> Mapping[str, Mapping[str, Any]]:
    """The property files that a step declares, by name."""
    entries = map(mapping, sequence(step.body.get("PropertyFiles")))
    return {text(entry.get("PropertyFileName")): entry for entry in entries if text(entry.get("PropertyFileName"))}
