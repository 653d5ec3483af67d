"""Runs pipelines on this machine: in this process, or in processes of their own."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from mlops_new.definition import parse
from mlops_new.errors import Invalid
from mlops_new.platforms.local.database.database_file import Database
from mlops_new.platforms.local.database.records import Draft, Execution
from mlops_new.platforms.local.drafts import Drafts
from mlops_new.platforms.local.processes.process_identity import Process
from mlops_new.platforms.local.processes.supervised import StopSignal
from mlops_new.platforms.local.processes.workers import Worker
from mlops_new.platforms.local.runner.runner import Runner
from mlops_new.platforms.local.runner.step_graph import nodes
from mlops_new.platforms.local.stores import Stores
from mlops_new.ports.events import Listener
from mlops_new.ports.platform import Image


class Engine:
    """Starts, runs, resumes and stops executions of this machine.

    Args:
        root: MLOPS_NEW_HOME.
        database: Opens the registry's file.

    `stores` is what is kept there, `drafts` makes runs ready to be recorded.

    Raises:
        Error: The home or its registry cannot be used.
    """

    def __init__(self, root: Path, *, database: Callable[[Path], Database] = Database) -> None:
        self.stores = Stores.open(root, database)
        self.drafts = Drafts(self.stores)
        self._workers: list[Worker] = []

    def close(self) -> None:
        """Let the registry go. Workers go on."""
        self.stores.database.close()
        for worker in self._workers:
            worker.runs()  # reaps the ones that have ended

    def start(self, pipeline: str, *, given: Mapping[str, Any], image: Image | None = None) -> Execution:
        """Record a run that is about to begin, of which this process is the owner.

        Args:
            pipeline: A registered pipeline.
            given: Parameter values by name; text is read as the declared type.
            image: The repository's own, for steps whose image is not one of this machine.

        Raises:
            Invalid: There is no such pipeline, parameters do not fit, or something in it cannot be run here.
        """
        return self.stores.executions.start(
            self.drafts.of_pipeline(pipeline, given=given, image=image), Process.current()
        )

    def start_detached(self, draft: Draft) -> Execution:
        """Record a run and have it run by a process of its own; the same token again gives the same run.

        The process is there before the run is, and owns it from its first moment: whoever stops the run never meets
        another process.

        Raises:
            Conflict: The token came with another request before.
        """
        with self._worker() as worker:
            execution = self.stores.executions.start(draft, worker.process)
            if self.stores.executions.owner(execution.id) == worker.process:
                worker.begin(execution.id)
        return execution

    def resume_detached(self, execution: str, *, token: str, about: Mapping[str, Any]) -> Execution:
        """Have a Stopped or Failed execution run again, from where it was, by a process of its own.

        Args:
            execution: Which.
            token: Of the client: the same one again changes nothing.
            about: What is said of it anew, by the names of StartPipelineExecution's members.

        Raises:
            Conflict: Another process runs it, or the token came with another request before.
            Invalid: It succeeded, or there is none.
        """
        with self._worker() as worker:
            found = self.stores.executions.retry(execution, worker.process, about=about, token=token)
            if self.stores.executions.owner(execution) == worker.process:
                worker.begin(execution)
        return found

    def run(self, execution: str, listener: Listener) -> Execution:
        """Run what `start` recorded, to its end. SIGINT and SIGTERM stop it, and the status says so.

        Raises:
            Conflict: Another process runs it.
            Invalid: It has ended already.
        """
        return self._run(self.stores.executions.claim(execution, resume=False), listener)

    def resume(self, execution: str, listener: Listener) -> Execution:
        """Run a Stopped or Failed execution again from where it was; steps that succeeded are kept.

        Raises:
            Conflict: Another process runs it.
            Invalid: It succeeded, or there is none.
        """
        return self._run(self.stores.executions.claim(execution, resume=True), listener)

    def run_detached(self, execution: str) -> None:
        """Have what `start` recorded run by a process of its own, which goes on when this one ends."""
        with self._worker() as worker:
            self.stores.executions.hand_over(execution, worker.process)
            worker.begin(execution)

    def stop(self, execution: str) -> None:
        """Ask the process that runs an execution to stop it.

        Raises:
            Invalid: Nobody runs it.
        """
        owner = self.stores.executions.ask_to_stop(execution)
        if owner is None:
            raise Invalid(f"execution {execution} is not running")
        with suppress(ProcessLookupError):  # it has just ended
            os.kill(owner.pid, signal.SIGTERM)

    def _run(self, execution: Execution, listener: Listener) -> Execution:
        definition = parse(execution.definition, source=f"execution {execution.id}")
        stop = StopSignal()
        try:
            with _stopping(stop):
                return Runner(self.stores, execution, nodes(definition), listener, stop).run()
        finally:
            stop.close()

    @contextmanager
    def _worker(self) -> Iterator[Worker]:
        worker = Worker.spawn(self.stores.home)
        try:
            yield worker
        finally:
            worker.let_go()
            self._workers = [known for known in self._workers if known.runs()] + [worker]


@contextmanager
def _stopping(stop: StopSignal) -> Iterator[None]:
    """Turn SIGINT and SIGTERM into the stop signal; the second one acts as it always does."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread can; whoever runs it in another one stops it in another way
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def on_signal(number: int, _: FrameType | None) -> None:
        signal.signal(number, before[signal.Signals(number)])
        stop.set()

    for number in before:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
