"""The embedded platform as the rest of the program sees it."""

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from mlops_new.definition import Definition, parameters, parse
from mlops_new.errors import Invalid
from mlops_new.platforms.code_files import code_files
from mlops_new.platforms.local.database import standalone
from mlops_new.platforms.local.database.database_file import Database
from mlops_new.platforms.local.database.execution_table import Registry
from mlops_new.platforms.local.database.model_table import ModelRegistry
from mlops_new.platforms.local.database.records import Draft, Execution, Pipeline, Step
from mlops_new.platforms.local.home import Home
from mlops_new.platforms.local.images.local_image import Image, ImageStore
from mlops_new.platforms.local.jobs import check_jobs
from mlops_new.platforms.local.processes.process_identity import Process
from mlops_new.platforms.local.processes.supervised import StopSignal
from mlops_new.platforms.local.processes.workers import Worker
from mlops_new.platforms.local.runner.attempt import Stores
from mlops_new.platforms.local.runner.expressions import ExpressionError, Scope, evaluate
from mlops_new.platforms.local.runner.runner import Runner
from mlops_new.platforms.local.runner.step_graph import nodes
from mlops_new.platforms.local.runner.support import unsupported
from mlops_new.platforms.local.store.object_store import ObjectStore
from mlops_new.ports.events import Listener
from mlops_new.ports.executions import ModelPackage

_INHERITED = ("ParallelismConfiguration", "RoleArn")  # a run has these of its pipeline, where it is told none


class LocalPlatform:
    """Pipelines, runs, models and data of this machine.

    Args:
        root: MLOPS_NEW_HOME.
        database: Opens the registry's file.

    `stores` is what it keeps things in, `database` the registry below them.

    Raises:
        Error: The home or its registry cannot be used.
    """

    def __init__(self, root: Path, *, database: Callable[[Path], Database] = Database) -> None:
        home = Home.open(root)
        with home.lock("registry"):  # two that open a new one at once would both make it
            self.database = database(home.registry)
        self.home = home
        self._workers: list[Worker] = []
        self.stores = Stores(
            home, Registry(self.database), ModelRegistry(self.database), ObjectStore(home.objects), ImageStore(home)
        )

    def close(self) -> None:
        """Let the registry go. Workers go on."""
        self.database.close()
        for worker in self._workers:
            worker.runs()  # reaps the ones that have ended

    # Pipelines

    def find_pipeline(self, name: str) -> Pipeline | None:
        """A registered pipeline, or None."""
        return self.stores.registry.find_pipeline(name)

    def register(self, name: str, definition: str, *, project: str, repository: str) -> None:
        """Create a pipeline, or give it a new definition.

        Args:
            name: Its name.
            definition: The text as it is committed.
            project: Whose it is.
            repository: Which of the project's repositories holds it.

        Raises:
            Conflict: A pipeline of this name is another project's.
        """
        self.stores.registry.register(name, definition, project=project, repository=repository)

    def unregister(self, name: str, *, project: str, repository: str) -> None:
        """Delete a pipeline; its executions, and what they made, stay.

        Raises:
            Conflict: A pipeline of this name is another project's.
        """
        self.stores.registry.unregister(name, project=project, repository=repository)

    def definition(self, name: str) -> Definition:
        """The definition that is registered.

        Raises:
            Invalid: There is no such pipeline.
        """
        return parse(self.stores.registry.definition(name), source=f"pipeline {name}")

    # Code and data

    def build_image(self, repository: Path, *, project: str, notify: Callable[[str], None]) -> Image:
        """Make an image of a repository as it stands; nothing is done twice for the same files and requirements."""
        return self.stores.images.build(repository, project=project, notify=notify)

    def image(self, uri: str, *, notify: Callable[[str], None]) -> Image:
        """An image of this machine, with its environment.

        Raises:
            Invalid: It is not one.
        """
        found = self.stores.images.find(uri, notify)
        if found is None:
            raise Invalid(f"{uri} is not an image of this machine", hint="run the build pipeline here first")
        return found

    def upload(self, path: Path, *, project: str, kind: str = "data") -> str:
        """Store a file or folder by its content, and give its URI."""
        return self.stores.objects.upload(path, project=project, kind=kind)

    def upload_code(self, repository: Path, *, project: str) -> str:
        """Store the repository's code, and give the prefix: what `CodeUri` wants."""
        return self.stores.objects.upload_named(code_files(repository), project=project, kind="code")

    def folder(self, uri: str, note: str) -> str:
        """See to it that there is something at a URI, if only a note: a job's input must not be empty.

        Args:
            uri: The prefix.
            note: What it is for.

        Returns:
            The URI.
        """
        if not self.stores.objects.find(uri):
            self.stores.objects.put_text(note, f"{uri.rstrip('/')}/README.txt")
        return uri

    def download(self, uri: str, folder: Path) -> list[Path]:
        """Copy the objects of a URI into a folder."""
        return self.stores.objects.fetch(uri, folder)

    def local_path(self, uri: str) -> Path:
        """Where an object or prefix lies on this machine, for reading only."""
        return self.stores.objects.path(uri)

    # Runs

    def draft(
        self,
        pipeline: str,
        *,
        given: Mapping[str, Any],
        image: Image | None = None,
        about: Mapping[str, Any] | None = None,
        token: str = "",
    ) -> Draft:
        """Make a run ready to be recorded, after all that can be known beforehand was checked.

        Args:
            pipeline: A registered pipeline.
            given: Parameter values by name; text is read as the declared type.
            image: The repository's own, for steps whose image is not one of this machine.
            about: What else is kept with the run, by the names of StartPipelineExecution's members.
            token: Of the client: the same one again is the same run.

        Raises:
            Invalid: There is no such pipeline, parameters do not fit, or something in it cannot be run here.
        """
        text = self.stores.registry.definition(pipeline)
        definition = _runnable(text, pipeline)
        values = parameters.resolve(definition.document.get("Parameters") or [], given)
        uri = self._own_image(definition, values) if image is None else image.uri
        steps = tuple((step.name, step.type) for step in definition.steps)
        request = json.dumps([dict(given), dict(about or {})], sort_keys=True)
        return Draft(pipeline, text, values, uri, steps, {**self._inherited(pipeline), **(about or {})}, token, request)

    def draft_job(self, request: Mapping[str, Any], *, step: str = standalone.STEP) -> Draft:
        """Make a processing job that no pipeline starts ready to be recorded.

        Args:
            request: CreateProcessingJob's. The same name again is the same job.
            step: What its only step is called.

        Raises:
            Invalid: It cannot be run here.
        """
        name = str(request["ProcessingJobName"])
        text = standalone.definition(request, step)
        definition = _runnable(text, name)
        steps = tuple((step.name, step.type) for step in definition.steps)
        return Draft(standalone.pipeline(name), text, {}, self._own_image(definition, {}), steps, token=name)

    def start(self, pipeline: str, *, given: Mapping[str, Any], image: Image | None = None) -> Execution:
        """Record a run that is about to begin, of which this process is the owner.

        Args:
            pipeline: A registered pipeline.
            given: Parameter values by name; text is read as the declared type.
            image: The repository's own, for steps whose image is not one of this machine.

        Raises:
            Invalid: There is no such pipeline, parameters do not fit, or something in it cannot be run here.
        """
        return self.stores.registry.start(self.draft(pipeline, given=given, image=image), Process.current())

    def start_detached(self, draft: Draft) -> Execution:
        """Record a run and have it run by a process of its own; the same token again gives the same run.

        The process is there before the run is, and owns it from its first moment: whoever stops the run never meets
        another process.

        Raises:
            Conflict: The token came with another request before.
        """
        with self._worker() as worker:
            execution = self.stores.registry.start(draft, worker.process)
            if self.stores.registry.owner(execution.id) == worker.process:
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
            found = self.stores.registry.retry(execution, worker.process, about=about, token=token)
            if self.stores.registry.owner(execution) == worker.process:
                worker.begin(execution)
        return found

    def run(self, execution: str, listener: Listener) -> Execution:
        """Run what `start` recorded, to its end. SIGINT and SIGTERM stop it, and the status says so.

        Raises:
            Conflict: Another process runs it.
            Invalid: It has ended already.
        """
        return self._run(self.stores.registry.claim(execution, resume=False), listener)

    def resume(self, execution: str, listener: Listener) -> Execution:
        """Run a Stopped or Failed execution again from where it was; steps that succeeded are kept.

        Raises:
            Conflict: Another process runs it.
            Invalid: It succeeded, or there is none.
        """
        return self._run(self.stores.registry.claim(execution, resume=True), listener)

    def run_detached(self, execution: str) -> None:
        """Have what `start` recorded run by a process of its own, which goes on when this one ends."""
        with self._worker() as worker:
            self.stores.registry.hand_over(execution, worker.process)
            worker.begin(execution)

    def stop(self, execution: str) -> None:
        """Ask the process that runs an execution to stop it.

        Raises:
            Invalid: Nobody runs it.
        """
        owner = self.stores.registry.ask_to_stop(execution)
        if owner is None:
            raise Invalid(f"execution {execution} is not running")
        with suppress(ProcessLookupError):  # it has just ended
            os.kill(owner.pid, signal.SIGTERM)

    def executions(self, pipeline: str | None = None) -> list[Execution]:
        """Runs without their steps, the latest first; those whose process was killed are Stopped."""
        return self.stores.registry.executions(pipeline)

    def execution(self, execution: str) -> Execution:
        """A run with its steps."""
        return self.stores.registry.execution(execution)

    def steps(self, execution: str) -> tuple[Step, ...]:
        """The steps of a run, in the definition's order."""
        return self.execution(execution).steps

    def outputs(self, execution: str) -> dict[str, str]:
        """The URIs of what the steps of a run have stored, by output name."""
        return self.execution(execution).outputs()

    # Models

    def model_packages(self, group: str) -> list[ModelPackage]:
        """The versions of a group, the latest first."""
        return self.stores.models.model_packages(group)

    def model_package(self, group: str, version: int) -> ModelPackage:
        """One version; its `document` has DescribeModelPackage's shape.

        Raises:
            Invalid: There is none.
        """
        return self.stores.models.model_package(group, version)

    def set_approval(self, group: str, version: int, status: str, note: str = "") -> ModelPackage:
        """Approve or reject a version.

        Raises:
            Invalid: There is none, or that is no approval status.
        """
        return self.stores.models.set_approval(group, version, status, note)

    def _run(self, execution: Execution, listener: Listener) -> Execution:
        definition = parse(execution.definition, source=f"execution {execution.id}")
        stop = StopSignal()
        try:
            with _stopping(stop):
                return Runner(self.stores, execution, nodes(definition), listener, stop).run()
        finally:
            stop.close()

    def _inherited(self, pipeline: str) -> dict[str, Any]:
        found = self.find_pipeline(pipeline)
        return {name: found.about[name] for name in _INHERITED if name in found.about} if found else {}

    @contextmanager
    def _worker(self) -> Iterator[Worker]:
        worker = Worker.spawn(self.home)
        try:
            yield worker
        finally:
            worker.let_go()
            self._workers = [known for known in self._workers if known.runs()] + [worker]

    def _own_image(self, definition: Definition, values: Mapping[str, Any]) -> str:
        uris = _image_uris(definition, values)
        unknown = [uri for uri in uris if not self.stores.images.known(uri)]
        if unknown:
            raise Invalid(
                "not images of this machine: " + ", ".join(unknown),
                hint="`mlops-new image` makes the repository's own and prints its URI",
            )
        return next(iter(uris), "")


def _runnable(text: str, name: str) -> Definition:
    definition = parse(text, source=f"pipeline {name}")
    if faults := unsupported(definition):
        raise Invalid(f"{name} cannot be run on this machine: " + "; ".join(faults))
    return definition


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


def _image_uris(definition: Definition, values: Mapping[str, Any]) -> list[str]:
    """The images of a definition that are known before it runs, in its order."""
    scope = Scope(values, {}, {}, _unknown_file, _unknown_object)
    found: dict[str, None] = {}
    for node in nodes(definition):
        if node.type in check_jobs.TYPES:
            continue  # the analyzer's image is not run here
        arguments = node.arguments
        named = [
            arguments.get("AppSpecification", {}).get("ImageUri"),
            arguments.get("AlgorithmSpecification", {}).get("TrainingImage"),
            *(container.get("Image") for container in _containers(arguments)),
        ]
        for expression in named:
            try:
                uri = evaluate(expression, scope)
            except ExpressionError:
                continue
            if isinstance(uri, str):
                found[uri] = None
    return list(found)


def _containers(arguments: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*arguments.get("Containers", []), *filter(None, [arguments.get("PrimaryContainer")])]


def _unknown_file(step: str, name: str) -> Any:
    raise ExpressionError(f"{step} has not run: {name} is not known")


def _unknown_object(uri: str) -> Any:
    raise ExpressionError(f"{uri} is not read before the run")
