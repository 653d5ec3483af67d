"""Everything that is wrong with a definition, at once and before anything is registered."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from mlops_new.definition.document import MAX_DEPTH, Definition, Path, canonical, depth, mapping, sequence, text
from mlops_new.definition.faults import Fault, kind, lines, plain, show
from mlops_new.definition.graph import cycles, dependencies
from mlops_new.definition.limits import MAX_STEPS
from mlops_new.definition.parsing import refused
from mlops_new.definition.properties import TYPES
from mlops_new.definition.schema import shape
from mlops_new.definition.scope import Scope, of_type
from mlops_new.definition.step_rules import entry_faults, step_faults
from mlops_new.definition.usage import usage_faults
from mlops_new.definition.values import judge

MAX_CHARACTERS: Final = 1_048_576
"""The longest document that the service takes."""
MAX_DEFAULT: Final = 4096
"""The longest default of a String parameter (AWS's JSON schema of pipeline definitions)."""
_PIPELINE_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")
_LONGEST_NAME: Final = 256


def validate(definition: Definition) -> list[str]:
    """Every fault, a line each: where it is, what is wrong and what is expected; in the document's order.

    It needs no account: arguments are judged by the description of the service that botocore carries. What only the
    service knows (permissions, quotas, whether an image or a bucket exists) is not judged.
    """
    if depth(definition.document) > MAX_DEPTH:
        return [f"definition: nested deeper than {MAX_DEPTH} levels, which no pipeline needs"]
    return lines(_faults(definition), definition)


def check(definition: Definition, *, source: str) -> None:
    """Pass a good definition.

    Args:
        definition: What to check.
        source: What to call it in the error: the file's name.

    Raises:
        Invalid: It has faults: their count and the first in the message, all the others in the hint.
    """
    faults = validate(definition)
    if faults:
        raise refused(source, faults)


def pipeline_name_fault(name: str) -> str | None:
    """Why SageMaker would refuse this name for a pipeline; None where it would not."""
    if not name:
        return "a pipeline's name cannot be empty"
    if len(name) > _LONGEST_NAME:
        return f"{show(name)} is {len(name)} characters long; a pipeline's name has at most {_LONGEST_NAME}"
    if not _PIPELINE_NAME.fullmatch(name):
        return f"{show(name)}: a pipeline's name is letters A-Z, digits and hyphens, no hyphen first or last"
    return None


def _faults(definition: Definition) -> Iterator[Fault]:
    document, scope = definition.document, Scope(definition)
    yield from _size(definition)
    yield from judge(document, shape("pipeline.Document"), (), scope)
    yield from _parameters(definition)
    for member in ("PipelineExperimentConfig", "MlflowConfig"):
        yield from usage_faults(document.get(member), (member,), scope)
    yield from entry_faults(document.get("Steps"), ("Steps",))
    for step in definition.steps:
        yield from step_faults(step, scope)
    yield from _count(definition)
    yield from _unique_names(definition)
    yield from _circles(definition)


def _size(definition: Definition) -> Iterator[Fault]:
    characters = len(canonical(definition.document))
    if characters > MAX_CHARACTERS:
        yield Fault((), f"{characters:,} characters long; SageMaker takes at most {MAX_CHARACTERS:,}")


def _count(definition: Definition) -> Iterator[Fault]:
    if len(definition.steps) > MAX_STEPS:
        counted = f"{len(definition.steps)} steps, those in branches counted"
        yield Fault(("Steps",), f"{counted}; at most {MAX_STEPS} are allowed")


def _parameters(definition: Definition) -> Iterator[Fault]:
    names: Counter[str] = Counter()
    for index, entry in enumerate(sequence(definition.document.get("Parameters"))):
        body, path = mapping(entry), ("Parameters", index)
        name, type_ = text(body.get("Name")), text(body.get("Type"))
        names[name] += 1
        if name and names[name] > 1:
            yield Fault((*path, "Name"), f"another parameter is called {show(name)} too")
        yield from _parameter_values(body, type_, path)


def _parameter_values(body: Any, type_: str, path: Path) -> Iterator[Fault]:
    default, choices = body.get("DefaultValue"), sequence(body.get("EnumValues"))
    if default is not None and not of_type(default, type_):
        yield Fault((*path, "DefaultValue"), f"{show(default)} is {kind(default)}; {TYPES[type_].value} is expected")
    if isinstance(default, str) and len(default) > MAX_DEFAULT:
        long = f"{show(default)} is {len(default)} characters long; at most {MAX_DEFAULT} are allowed"
        yield Fault((*path, "DefaultValue"), long)
    for index, value in enumerate(choices):
        if not of_type(value, type_) or value is None:
            wanted = TYPES[type_].value if type_ in TYPES else "a value"
            yield Fault((*path, "EnumValues", index), f"{show(value)} is {kind(value)}; {wanted} is expected")
    if choices and default is not None and default not in choices:
        yield Fault((*path, "DefaultValue"), f"{show(default)} is not one of the EnumValues {show(choices)}")


def _unique_names(definition: Definition) -> Iterator[Fault]:
    names: Counter[str] = Counter()
    for step in definition.steps:
        names[step.name] += 1
        if step.name and names[step.name] > 1:
            yield Fault((*step.path, "Name"), f"another step is called {show(step.name)} too")


def _circles(definition: Definition) -> Iterator[Fault]:
    for circle in cycles(dependencies(definition)):
        step = definition.step(circle[0])
        if step is not None:
            yield Fault(step.path, f"waits for itself: {' → '.join(map(plain, circle))}")
