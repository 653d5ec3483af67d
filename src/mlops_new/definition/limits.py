"""What AWS documents about requests and no shape expresses: how their members belong together."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from mlops_new.definition.document import Path, Step, mapping, sequence, text
from mlops_new.definition.faults import Fault, show
from mlops_new.definition.references import is_variable
from mlops_new.definition.scope import Scope

MAX_STEPS: Final = 50
"""How many steps a pipeline may have, those in branches counted (AWS General Reference, SageMaker quotas)."""

_PROCESSING: Final = "/opt/ml/processing/"
_DAY: Final = 24 * 60 * 60
"""How long a training job may run that is told no limit, in seconds (API reference, StoppingCondition)."""
_MOST_PAYLOAD: Final = 100
"""Megabytes that a transform job may have under way to one instance (API reference, MaxPayloadInMB)."""
_MOST_ENVIRONMENT: Final = 32 * 1024
"""Bytes of a model's environment, keys and values together (API reference, ContainerDefinition)."""
_UNIQUE: Final = (
    "InputName",
    "OutputName",
    "ChannelName",
    "VariantName",
    "InstanceGroupName",
    "ContainerHostname",
    "RuleConfigurationName",
)
"""Members that name the entries of a list, each once."""
_PROCESSING_TYPES: Final = ("Processing", "QualityCheck", "ClarifyCheck")


def limit_faults(step: Step, scope: Scope) -> Iterator[Fault]:
    """Every fault of how the arguments of a step belong together; a variable counts by its default."""
    arguments, path = step.own_arguments, (*step.path, "Arguments")
    yield from _twice(arguments, path)
    match step.type:
        case "Training":
            yield from _training(arguments, path, scope)
        case "Tuning":
            for place, body in _tuned(arguments, path):
                yield from _training(body, place, scope)
        case "Transform":
            yield from _transform(arguments, path, scope)
        case "Model":
            yield from _model(arguments, path)
        case _ if step.type in _PROCESSING_TYPES:
            yield from _processing(arguments, path, scope)
        case _:
            return


def _twice(value: Any, path: Path) -> Iterator[Fault]:
    """Names that two entries of one list have, at any depth."""
    if is_variable(value):
        return
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _twice(child, (*path, name))
    elif isinstance(value, list):
        for member in (*_UNIQUE, *(("Key",) if path[-1:] == ("Tags",) else ())):
            yield from _repeated(value, member, path)
        for index, child in enumerate(value):
            yield from _twice(child, (*path, index))


def _repeated(entries: list[Any], member: str, path: Path) -> Iterator[Fault]:
    seen: Counter[str] = Counter()
    for index, entry in enumerate(entries):
        name = text(mapping(entry).get(member))
        seen[name] += 1
        if name and seen[name] > 1:
            yield Fault((*path, index, member), f"{show(name)} is there twice")


def _processing(arguments: Mapping[str, Any], path: Path, scope: Scope) -> Iterator[Fault]:
    used: set[str] = set()
    for place, described in _places(arguments, path):
        where = _known(described.get("LocalPath"), scope)
        if described.get("LocalPath") is None and _known(_managed(place, arguments, path), scope) is not True:
            yield Fault((*place, "LocalPath"), "missing; text is expected, unless AppManaged is true")
        if not isinstance(where, str):
            continue
        local = (*place, "LocalPath")
        if not _below(where, _PROCESSING):
            yield Fault(local, f"{show(where)} is not below {_PROCESSING}, where processing jobs have their data")
        elif "ProcessingInputs" in place and where.rstrip("/") in used:
            yield Fault(local, f"{show(where)} is the place of another input, too; each has one of its own")
        used |= {where.rstrip("/")} if "ProcessingInputs" in place else set()


def _places(arguments: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """What says where data is in the container, with its place."""
    outputs = mapping(arguments.get("ProcessingOutputConfig")).get("Outputs")
    for start, entries in (
        ((*path, "ProcessingInputs"), arguments.get("ProcessingInputs")),
        ((*path, "ProcessingOutputConfig", "Outputs"), outputs),
    ):
        for index, entry in enumerate(sequence(entries)):
            for member in ("S3Input", "DatasetDefinition", "S3Output"):
                described = mapping(entry).get(member)
                if isinstance(described, dict) and not is_variable(described):
                    yield (*start, index, member), described


def _managed(place: Path, arguments: Mapping[str, Any], path: Path) -> Any:
    here: Any = arguments
    for key in place[len(path) : -1]:
        here = here[key]
    return mapping(here).get("AppManaged")


def _below(where: str, folder: str) -> bool:
    return where.startswith(folder) and ".." not in PurePosixPath(where).parts


def _tuned(arguments: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    yield (*path, "TrainingJobDefinition"), mapping(arguments.get("TrainingJobDefinition"))
    for index, body in enumerate(sequence(arguments.get("TrainingJobDefinitions"))):
        yield (*path, "TrainingJobDefinitions", index), mapping(body)


def _training(arguments: Mapping[str, Any], path: Path, scope: Scope) -> Iterator[Fault]:
    algorithm = arguments.get("AlgorithmSpecification")
    if isinstance(algorithm, dict) and not is_variable(algorithm):
        yield from _one_of(algorithm, ("TrainingImage", "AlgorithmName"), (*path, "AlgorithmSpecification"))
    yield from _waiting(arguments, path, scope)


def _waiting(arguments: Mapping[str, Any], path: Path, scope: Scope) -> Iterator[Fault]:
    """Of training on spot instances: how long it may wait for them."""
    condition, place = mapping(arguments.get("StoppingCondition")), (*path, "StoppingCondition", "MaxWaitTimeInSeconds")
    if is_variable(condition):
        return
    asked, limit = condition.get("MaxWaitTimeInSeconds"), condition.get("MaxRuntimeInSeconds")
    if asked is None and _known(arguments.get("EnableManagedSpotTraining"), scope) is True:
        yield Fault(place, "missing; an integer is expected where EnableManagedSpotTraining is true")
    wait, most = _number(asked, scope), _DAY if limit is None else _number(limit, scope)
    if wait is not None and most is not None and wait < most:
        yield Fault(place, f"{wait} is less than MaxRuntimeInSeconds, {most}; it has to be as much or more")


def _transform(arguments: Mapping[str, Any], path: Path, scope: Scope) -> Iterator[Fault]:
    payload = _number(arguments.get("MaxPayloadInMB"), scope)
    concurrent = _number(arguments.get("MaxConcurrentTransforms"), scope)
    if payload and concurrent and payload <= _MOST_PAYLOAD < payload * concurrent:
        product = f"MaxConcurrentTransforms x MaxPayloadInMB is {concurrent} x {payload} = {concurrent * payload} MB"
        yield Fault((*path, "MaxConcurrentTransforms"), f"{product}; at most {_MOST_PAYLOAD} MB are allowed")


def _model(arguments: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    yield from _one_of(arguments, ("PrimaryContainer", "Containers"), path)
    containers = [arguments.get("PrimaryContainer"), *sequence(arguments.get("Containers"))]
    size = sum(_bytes(mapping(container).get("Environment")) for container in containers)
    if size > _MOST_ENVIRONMENT:
        yield Fault(path, f"Environment is {size:,} bytes, names and values; at most {_MOST_ENVIRONMENT:,} are allowed")


def _bytes(environment: Any) -> int:
    return sum(len(text(part).encode()) for pair in mapping(environment).items() for part in pair)


def _one_of(body: Mapping[str, Any], names: tuple[str, ...], path: Path) -> Iterator[Fault]:
    given = [name for name in names if body.get(name) is not None]
    if len(given) != 1:
        yield Fault(path, f"{' and '.join(given) or 'neither'} given; either {' or '.join(names)} is expected")


def _known(value: Any, scope: Scope) -> Any:
    """The value, or what a variable becomes if nobody says otherwise; None where that is not known."""
    if not is_variable(value):
        return value
    return next((given for called, given in scope.possible(value) if called == "the default"), None)


def _number(value: Any, scope: Scope) -> int | None:
    found = _known(value, scope)
    return found if isinstance(found, int) and not isinstance(found, bool) else None
