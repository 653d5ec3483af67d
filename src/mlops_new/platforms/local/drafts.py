"""Runs before they are recorded: all that can be known beforehand is checked here."""

import json
from collections.abc import Mapping
from typing import Any

from mlops_new.definition import Definition, parameters, parse
from mlops_new.errors import Invalid
from mlops_new.platforms.local.database import standalone
from mlops_new.platforms.local.database.records import Draft
from mlops_new.platforms.local.jobs import check_jobs
from mlops_new.platforms.local.runner.expressions import ExpressionError, Scope, evaluate
from mlops_new.platforms.local.runner.step_graph import nodes
from mlops_new.platforms.local.runner.support import unsupported
from mlops_new.platforms.local.stores import Stores
from mlops_new.ports.platform import Image

_INHERITED = ("ParallelismConfiguration", "RoleArn")  # a run has these of its pipeline, where it is told none


class Drafts:
    """Makes runs ready to be recorded.

    Args:
        stores: What is kept on this machine.
    """

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def of_pipeline(
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
        text = self._stores.pipelines.definition(pipeline)
        definition = _runnable(text, pipeline)
        values = parameters.resolve(definition.document.get("Parameters") or [], given)
        uri = self._own_image(definition, values) if image is None else image.uri
        steps = tuple((step.name, step.type) for step in definition.steps)
        request = json.dumps([dict(given), dict(about or {})], sort_keys=True)
        return Draft(pipeline, text, values, uri, steps, {**self._inherited(pipeline), **(about or {})}, token, request)

    def of_job(self, request: Mapping[str, Any], *, step: str = standalone.STEP) -> Draft:
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

    def _inherited(self, pipeline: str) -> dict[str, Any]:
        found = self._stores.pipelines.find(pipeline)
        return {name: found.about[name] for name in _INHERITED if name in found.about} if found else {}

    def _own_image(self, definition: Definition, values: Mapping[str, Any]) -> str:
        uris = _image_uris(definition, values)
        unknown = [uri for uri in uris if not self._stores.images.known(uri)]
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
