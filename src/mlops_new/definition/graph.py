"""Which step waits for which, circles among them, and what may not have run."""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from mlops_new.definition.document import Definition, Step, mapping, sequence, text
from mlops_new.definition.faults import plain
from mlops_new.definition.references import step_names

Graph: TypeAlias = Mapping[str, frozenset[str]]


def dependencies(definition: Definition) -> Graph:
    """What each step waits for, by name, in the document's order.

    That is what it names in DependsOn, the steps whose properties or property files it reads, and the Condition or
    ForEach step that it is in: a Condition's own branches are no part of it. Names that no step has are left out.
    """
    found = {name: frozenset[str]() for name in definition.names}
    for step in definition.steps:
        if step.name:
            found[step.name] |= frozenset(_waits_for(step)) & found.keys()
    return found


def depends_on(entry: object) -> str:
    """The step named by an entry of DependsOn, which is the name or, with a trigger, an object."""
    return text(entry) or text(mapping(entry).get("Step"))


def _waits_for(step: Step) -> Iterator[str]:
    yield from (depends_on(entry) for entry in sequence(step.body.get("DependsOn")))
    yield from step_names(step.own)
    if step.type == "Cleanup":
        sources = sequence(mapping(step.arguments.get("Resources")).get("S3"))
        yield from (text(mapping(source).get("StepName")) for source in sources)
    if step.parent is not None:
        yield step.parent.name


def cycles(graph: Graph) -> Iterator[tuple[str, ...]]:
    """Circles that explain every step caught in one: `(A, B, A)` where A waits for B and B for A."""
    caught = _caught(graph)
    explained: set[str] = set()
    for name in graph:
        if name in caught and name not in explained:
            circle = _way_back(name, caught)
            explained.update(circle)
            if circle:
                yield circle


def _caught(graph: Graph) -> Graph:
    """The graph without what can run: steps whose dependencies can all run, over and over."""
    left = {name: set(needed) for name, needed in graph.items()}
    needed_by: dict[str, list[str]] = {}
    for name, needed in graph.items():
        for other in needed:
            needed_by.setdefault(other, []).append(name)
    ready = [name for name, needed in left.items() if not needed]
    while ready:
        done = ready.pop()
        del left[done]
        for name in needed_by.get(done, ()):
            left[name].discard(done)
            if not left[name]:
                ready.append(name)
    return {name: frozenset(needed) for name, needed in left.items()}


def _way_back(start: str, graph: Graph) -> tuple[str, ...]:
    """The shortest circle through a step; empty where it only waits for one."""
    reached: dict[str, str] = {}
    waiting = deque([start])
    while waiting:
        here = waiting.popleft()
        for name in sorted(graph.get(here, ())):
            if name == start:
                return _unwound(start, here, reached)
            if name not in reached:
                reached[name] = here
                waiting.append(name)
    return ()


def _unwound(start: str, last: str, reached: Mapping[str, str]) -> tuple[str, ...]:
    way = [last]
    while way[-1] != start:
        way.append(reached[way[-1]])
    return (*reversed(way), start)


def out_of_reach(reader: Step, target: Step) -> str:
    """Why the target may not have run when the reader does: the branch it is in; empty where it always has."""
    around = {(holder.name, branch) for holder, branch in reader.ancestors}
    for holder, branch in target.ancestors:
        if (holder.name, branch) not in around:
            return f"{branch} of {plain(holder.name)}"
    return ""
