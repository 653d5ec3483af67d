"""Running one execution, from its first step to the status that is stored for it."""

import contextlib
import os
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from mlops_new.errors import Error
from mlops_new.platforms.local.database.execution_table import STOPPED
from mlops_new.platforms.local.database.records import Execution, Step
from mlops_new.platforms.local.jobs.task import StepFailed, Task
from mlops_new.platforms.local.jobs.workspace import Workspace
from mlops_new.platforms.local.processes.supervised import StopSignal
from mlops_new.platforms.local.runner.attempt import Outcome, attempt, scope_of
from mlops_new.platforms.local.runner.handlers import PROCESSES
from mlops_new.platforms.local.runner.retries import Retries
from mlops_new.platforms.local.runner.schedule import Schedule
from mlops_new.platforms.local.runner.step_graph import Node
from mlops_new.platforms.local.stores import Stores
from mlops_new.ports.events import Event, Listener, Notice, StepEnded, StepStarted
from mlops_new.ports.executions import Status
from mlops_new.ports.platform import Image


@dataclass(frozen=True)
class _Finished:
    step: Step


@dataclass(frozen=True)
class _Broken:
    """A thread ended as none should: the error comes out where `run` was called."""

    error: BaseException


class Runner:
    """Runs the steps of an execution that this process owns.

    Steps work in threads; whatever is told or decided is told and decided in the thread that calls `run`.

    Args:
        stores: Executions, models, objects and images.
        execution: As claimed: its steps are Waiting or Succeeded.
        graph: The nodes of its definition.
        listener: Gets every event.
        stop: Stops the run when raised.
    """

    def __init__(
        self, stores: Stores, execution: Execution, graph: Sequence[Node], listener: Listener, stop: StopSignal
    ) -> None:
        self._stores, self._execution, self._listener, self._stop = stores, execution, listener, stop
        self._events: queue.SimpleQueue[Event | _Finished | _Broken] = queue.SimpleQueue()
        self._properties = {step.name: step.properties for step in execution.steps if step.status == Status.SUCCEEDED}
        self._graph = {node.name: node for node in graph}
        self._schedule = Schedule(graph, {step.name: step.status for step in execution.steps})
        self._schedule.outcomes.update(_outcomes(self._properties))
        self._limit = _limit(execution)
        self._running: set[str] = set()
        self._failures: dict[str, str] = {}
        self._ended_by = ""
        self._images: dict[str, Image] = {}
        self._turn = threading.Lock()

    def run(self) -> Execution:
        """Run until nothing is left to run, and store how it ended."""
        try:
            # Twice as many threads as steps that may run: some are still tidying up.
            with ThreadPoolExecutor(2 * self._limit, thread_name_prefix="step") as pool:
                try:
                    self._loop(pool)
                except BaseException:
                    self._stop.set()
                    raise
        except BaseException as error:
            with contextlib.suppress(Error):  # the first error is the one to show; this one would follow from it
                self._stores.executions.end(self._execution.id, Status.STOPPED, str(error) or type(error).__name__)
            raise
        return self._stores.executions.end(self._execution.id, *self._verdict())

    def _loop(self, pool: ThreadPoolExecutor) -> None:
        while True:
            self._rule_out()
            self._start(pool)
            if not self._running:
                return
            self._take(self._events.get())

    def _start(self, pool: ThreadPoolExecutor) -> None:
        if self._ended_by or self._stop.is_set():
            return
        for node in self._schedule.ready()[: self._limit - len(self._running)]:
            self._schedule.statuses[node.name] = Status.EXECUTING
            self._running.add(node.name)
            pool.submit(self._work, node).add_done_callback(self._surface)

    def _take(self, event: Event | _Finished | _Broken) -> None:
        match event:
            case _Finished(step):
                self._finish(step)
            case _Broken(error):
                raise error
            case _:
                self._listener(event)

    def _finish(self, step: Step) -> None:
        self._running.remove(step.name)
        self._schedule.statuses[step.name] = step.status
        if step.status == Status.SUCCEEDED:
            self._properties[step.name] = step.properties
            self._schedule.outcomes.update(_outcomes({step.name: step.properties}))
        if step.status == Status.FAILED:
            self._failures[step.name] = step.reason
            self._ended_by = self._ended_by or (step.name if step.type == "Fail" else "")
        self._listener(StepEnded(step))

    def _rule_out(self) -> None:
        while hopeless := self._schedule.hopeless():
            for name, why in hopeless.items():
                step = self._stores.steps.ended(self._execution.id, name, Status.NOT_RUN, reason=why)
                self._schedule.statuses[name] = Status.NOT_RUN
                self._listener(StepEnded(step))

    def _verdict(self) -> tuple[Status, str]:
        statuses = set(self._schedule.statuses.values())
        if self._stop.is_set() and statuses & {Status.STOPPED, Status.WAITING}:
            return Status.STOPPED, STOPPED
        if self._ended_by:
            return Status.FAILED, self._failures[self._ended_by]
        if self._failures:
            return Status.FAILED, "; ".join(f"step {name} failed: {why}" for name, why in self._failures.items())
        return Status.SUCCEEDED, ""

    # In the threads of the steps

    def _work(self, node: Node) -> None:
        retries = Retries(node.body.get("RetryPolicies", []))
        while True:
            outcome, step = self._attempt(node)
            pause = retries.pause(outcome.kind) if outcome.status == Status.FAILED else None
            if pause is None:
                break
            self._notify(f"{node.name} failed ({outcome.reason}): it is tried again in {pause:g} s")
            if self._stop.wait(pause):
                break
        self._events.put(_Finished(step))
        if step.status == Status.SUCCEEDED:
            # What the job made is in the object store. Nobody waits for this: the next steps have started.
            self._workspace(node, step.attempt).clear()

    def _workspace(self, node: Node, number: int) -> Workspace:
        return Workspace(self._stores.home.executions / self._execution.id / node.name / str(number))

    def _attempt(self, node: Node) -> tuple[Outcome, Step]:
        steps, identity = self._stores.steps, self._execution.id
        number = steps.find(identity, node.name).attempt + 1
        place = self._workspace(node, number)
        log = place.log if node.type in PROCESSES else None
        self._events.put(StepStarted(steps.started(identity, node.name, log)))
        began = time.monotonic()
        task = self._task(node, number, place)
        outcome = attempt(task, node, scope_of(task, self._graph, dict(self._properties)))
        step = steps.ended(
            identity,
            node.name,
            outcome.status,
            seconds=time.monotonic() - began,
            reason=outcome.reason,
            properties=outcome.properties,
        )
        return outcome, step

    def _task(self, node: Node, number: int, place: Workspace) -> Task:
        stores = self._stores
        return Task(
            name=node.name,
            attempt=number,
            arguments={},
            execution=self._execution,
            workspace=place,
            objects=stores.objects,
            models=stores.models,
            image=self._image,
            stop=self._stop,
            notify=self._notify,
            asked=partial(stores.steps.asked, self._execution.id, node.name),
        )

    def _image(self, uri: str) -> Image:
        with self._turn:  # two steps that ask at once shall not both tell about it
            if uri not in self._images:
                self._images[uri] = self._found(uri)
            return self._images[uri]

    def _found(self, uri: str) -> Image:
        found = self._stores.images.find(uri, self._notify)
        if found is not None:
            return found
        own = self._stores.images.find(self._execution.image, self._notify)
        if own is None:
            raise StepFailed(f"{uri} is not an image of this machine, and the run has none of its own")
        self._notify(f"{uri} is not an image of this machine: what it should run is run in the repository's own image")
        return own

    def _surface(self, future: Future[None]) -> None:
        error = future.exception()
        if error is not None:
            self._events.put(_Broken(error))

    def _notify(self, text: str) -> None:
        self._events.put(Notice(text))


def _limit(execution: Execution) -> int:
    """How many steps run at once: as many as processors, or fewer where that was asked for."""
    most = execution.about.get("ParallelismConfiguration", {}).get("MaxParallelExecutionSteps")
    ours = max(2, os.cpu_count() or 1)
    return ours if most is None else min(ours, most)


def _outcomes(properties: Mapping[str, Mapping[str, Any]]) -> dict[str, bool]:
    return {name: members["Outcome"] for name, members in properties.items() if "Outcome" in members}
