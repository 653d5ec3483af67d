"""The requests that a run will make, judged with the values that it is started with, before its first job."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mlops_new.definition.document import Definition, Path, Scalar, Step, as_text
from mlops_new.definition.faults import Fault, lines, quantity, show
from mlops_new.definition.limits import limit_faults
from mlops_new.definition.references import ParameterReference, reference, variables
from mlops_new.definition.resolution import Resolution, execution_values
from mlops_new.definition.schema import arguments_shape, shape
from mlops_new.definition.scope import Scope
from mlops_new.definition.shapes import Shape
from mlops_new.definition.values import broken_rules, judge
from mlops_new.errors import Invalid

_INPUT: Final = "InputDataUri"


def check_requests(definition: Definition, values: Mapping[str, Scalar], *, pipeline: str) -> None:
    """Pass a run all of whose requests the service would take, as far as that is known before it starts.

    Args:
        definition: One that `validate` finds no fault with.
        values: Of the parameters, of the declared types; those that are not known yet are left out.
        pipeline: Its name.

    Raises:
        Invalid: A value is too long, too large or of the wrong form: the first in the message, the others in the hint,
            with the parameters they come from.
    """
    faults = [*_parameter_faults(definition, values), *request_faults(definition, values, pipeline=pipeline)]
    if not faults:
        return
    first, *others = lines(faults, definition)
    more = "".join(f"\n- {one}" for one in others)
    told = f"{pipeline} would fail with {quantity(len(others) + 1, 'value')} that SageMaker refuses: {first}"
    raise Invalid(told, hint=_way_on(definition, faults) + (f"; the others:{more}" if more else ""))


def request_faults(definition: Definition, values: Mapping[str, Scalar], *, pipeline: str) -> list[Fault]:
    """What the service would refuse of the requests of all steps that may run, variables replaced by their values."""
    known = Resolution(definition, values, execution_values(pipeline))
    scope = Scope(definition)
    steps = [step for step in definition.steps if _may_run(step, known)]
    return [fault for step in steps for fault in _faults(step, known.resolved(step.own_arguments), scope)]


def evaluated_faults(type_: str, arguments: Mapping[str, Any], evaluated: Mapping[str, Any]) -> list[Fault]:
    """The same for one step that is about to start.

    Args:
        type_: Of the step.
        arguments: As the definition has them.
        evaluated: Without any variable.
    """
    step, expected = Step("", type_, {"Arguments": dict(arguments)}, ()), arguments_shape(type_)
    sent = evaluated if expected is None else _as_sent(evaluated, expected)
    return list(_faults(step, sent, Scope(Definition({}))))


def _as_sent(value: Any, expected: Shape) -> Any:
    """Numbers and Booleans become text where the request takes text."""
    match value, expected.type:
        case dict(), "structure":
            known = expected.members
            return {name: _as_sent(one, expected.member(name)) if name in known else one for name, one in value.items()}
        case dict(), "map":
            return {name: _as_sent(one, expected.part("value")) for name, one in value.items()}
        case list(), "list":
            return [_as_sent(one, expected.part("member")) for one in value]
        case bool() | int() | float(), "string":
            return as_text(value)
        case _:
            return value


def _faults(step: Step, resolved: Mapping[str, Any], scope: Scope) -> Iterator[Fault]:
    """What is at fault in the resolved arguments; not what is written out: that was judged with the definition."""
    expected = arguments_shape(step.type)
    if expected is None or step.type in {"Condition", "ForEach"}:
        return
    path = (*step.path, "Arguments")
    became = Step(step.name, step.type, {**step.body, "Arguments": resolved}, step.path, step.parent, step.branch)
    for fault in (*judge(resolved, expected, path, scope), *limit_faults(became, scope)):
        if _holds_variable(_at(step.own_arguments, fault.path[len(path) :])):
            yield fault


def _may_run(step: Step, known: Resolution) -> bool:
    """Whether no condition around the step, as far as it is known, leads elsewhere."""
    for holder, branch in step.ancestors:
        if holder.type == "Condition":
            decided = [known.decided(one) for one in holder.arguments.get("Conditions") or []]
            outcome = False if False in decided else None if None in decided else True
            if outcome is not None and outcome != (branch == "IfSteps"):
                return False
    return True


def _parameter_faults(definition: Definition, values: Mapping[str, Scalar]) -> Iterator[Fault]:
    for index, entry in enumerate(definition.document.get("Parameters") or []):
        value = values.get(entry["Name"])
        if isinstance(value, str) and value != entry.get("DefaultValue"):
            for broken in broken_rules(value, shape("String1024")):
                yield Fault(("Parameters", index), f"{show(value)} {broken}")


def _at(value: Any, path: Path) -> Any:
    """What stands at a place, or around it where the place is not there."""
    for key in path:
        if isinstance(value, dict) and key in value:
            value = value[key]
            continue
        if not isinstance(value, list) or not isinstance(key, int) or key >= len(value):
            break
        value = value[key]
    return value


def _holds_variable(value: Any) -> bool:
    return next(variables(value, ()), None) is not None


def _way_on(definition: Definition, faults: list[Fault]) -> str:
    names = sorted({name for fault in faults for name in _origins(definition, fault)})
    if not names:
        return "nothing was started; change the step in the pipeline's Python, then `make definition`"
    said = [f"{name} (--input, or -p {name}=…)" if name == _INPUT else f"{name} (-p {name}=…)" for name in names]
    return f"nothing was started; give another value for {', '.join(said)}"


def _origins(definition: Definition, fault: Fault) -> Iterator[str]:
    """The parameters that a value at fault is made of."""
    here = _at(definition.document, fault.path)
    if fault.path[:1] == ("Parameters",):
        yield here["Name"]
        return
    for _, variable in variables(here, ()):
        match reference(variable.get("Get", "")):
            case ParameterReference(name):
                yield name
            case _:
                continue
