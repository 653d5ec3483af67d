"""Which steps can run now, and which never will. Pure bookkeeping over the graph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mlops_new.platforms.local.runner.step_graph import Node
from mlops_new.ports.executions import Status


@dataclass
class Schedule:
    """The state of a run's steps.

    Args:
        nodes: The graph, in the definition's order.
        statuses: How far each step is; all that are not Succeeded wait.
        outcomes: What the Condition steps that have succeeded decided.
    """

    nodes: Sequence[Node]
    statuses: dict[str, Status]
    outcomes: dict[str, bool] = field(default_factory=dict)

    def ready(self) -> list[Node]:
        """Steps that wait for nothing any more."""
        return [node for node in self._waiting() if self._obstacle(node) is None and self._met(node)]

    def hopeless(self) -> Mapping[str, str]:
        """Steps that can never run, and why; what waits for one of them is found by asking again."""
        obstacles = {node.name: self._obstacle(node) for node in self._waiting()}
        return {name: why for name, why in obstacles.items() if why is not None}

    def _waiting(self) -> list[Node]:
        return [node for node in self.nodes if self.statuses[node.name] == Status.WAITING]

    def _met(self, node: Node) -> bool:
        return all(self.statuses[name] == Status.SUCCEEDED for name in node.needs)

    def _obstacle(self, node: Node) -> str | None:
        if node.branch is not None and self.outcomes.get(node.branch[0], node.branch[1]) != node.branch[1]:
            return f"{node.branch[0]} took the other branch"
        for name in sorted(node.needs):
            match self.statuses[name]:
                case Status.FAILED:
                    return f"{name} failed"
                case Status.NOT_RUN:
                    return f"{name} was not run"
                case Status.STOPPED:
                    return f"{name} was stopped"
                case _:
                    continue
        return None
