"""Inference whose pre- and postprocessing are jobs around the pipeline: where no Airflow starts them, `run` does."""

import json
import secrets
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlops_new.cli.commands import run_inputs
from mlops_new.cli.console import Console
from mlops_new.definition import Definition, Parameter, check, parameters
from mlops_new.definition.document import VERSION
from mlops_new.definition.requests import check_requests
from mlops_new.definition.resolution import execution_values
from mlops_new.errors import Error
from mlops_new.ports.executions import Execution, Status
from mlops_new.ports.platform import Machine

BEFORE, AFTER = ("Preprocess",), ("Postprocess", "Report")
_SCRIPT = "processing_jobs.py"
_LEFT = ("TransformInputUri", "BatchUri")
_TOLD = ("InputDataUri", "CodeUri", "HistoryUri", "Commit", "ModelPackageArn", "ModelCreated", "PendingModelPackage")


def wanted(definition: Definition, given: Mapping[str, str], repository: Path) -> bool:
    """Whether a pipeline takes what preprocessing leaves, and the repository has the script that says how."""
    return set(_LEFT) <= definition.parameters.keys() - given.keys() and (repository / _SCRIPT).is_file()


def declared(definition: Definition) -> dict[str, Parameter]:
    """What a run can be told: the parameters of the pipeline and of its jobs, but not what the jobs leave."""
    of_jobs = {name: Parameter(name, "String") for name in _TOLD}
    return {name: known for name, known in {**definition.parameters, **of_jobs}.items() if name not in _LEFT}


@dataclass(frozen=True)
class Around:
    """Runs the jobs before a pipeline, the pipeline, and the jobs after it.

    Args:
        machine: Starts the jobs.
        sources: Where the parameters come from that a person did not give.
        console: Told what goes on.
    """

    machine: Machine
    sources: run_inputs.Sources
    console: Console

    def run(self, name: str, definition: Definition, given: Mapping[str, str]) -> Execution:
        """Run it all, or as far as it goes.

        Args:
            name: The pipeline's.
            definition: What it runs.
            given: Parameters given by hand.

        Returns:
            The pipeline's execution, with the steps of the jobs before and behind its own; the one that did not succeed
            where it came to no more.
        """
        known = run_inputs.parameters(declared(definition), given, self.sources)
        known["name"] = secrets.token_hex(6)
        self._refuse(name, definition, known)
        before = self._job(*BEFORE, known)
        if before.status is not Status.SUCCEEDED:
            return replace(before, pipeline=name)
        known |= self._ask("rows", known)
        self.sources.platform.pipelines.make_ready(name, definition, mark=self.sources.repository.mark)
        parameters = {key: known[key] for key in definition.parameters if key in known}
        done = self._follow(self.sources.platform.executions.begin(name, given=parameters, image=""))
        done = replace(done, steps=(*before.steps, *done.steps), parameters=known)
        known |= {"Execution": done.id, "Started": done.started}
        for what in AFTER:
            if done.status is Status.SUCCEEDED:
                after = self._job(what, known)
                steps = (*done.steps, *after.steps)
                done = replace(done, steps=steps, status=after.status, reason=after.reason)
        return done

    def _refuse(self, name: str, definition: Definition, known: Mapping[str, str]) -> None:
        """What SageMaker would refuse of all the jobs and of the pipeline is told before the first one.

        Raises:
            Invalid: there is something.
        """
        run = execution_values(name)
        told = {**known, "Execution": run["PipelineExecutionId"], "Started": run["StartDateTime"]}
        jobs = [
            {"Name": step, "Type": "Processing", "Arguments": self._ask(step.lower(), told)} for step in BEFORE + AFTER
        ]
        check(Definition({"Version": VERSION, "Steps": jobs}), source=f"{name}: what is asked for around the pipeline")
        given = {**known, **self._ask("rows", known)}
        declared = {key: given[key] for key in definition.parameters if key in given}
        check_requests(definition, parameters.known(definition.document["Parameters"], declared), pipeline=name)

    def _job(self, step: str, known: Mapping[str, str]) -> Execution:
        return self._follow(self.machine.begin_job(self._ask(step.lower(), known), step=step))

    def _ask(self, what: str, known: Mapping[str, str]) -> dict[str, Any]:
        """Ask the repository's own script, the same that Airflow asks."""
        command = [sys.executable, str(self.sources.repository.path / _SCRIPT), what]
        done = subprocess.run(command, input=json.dumps(dict(known)), capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise Error(f"{_SCRIPT} does not say what to run: {last.removeprefix('processing_jobs: ')}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def _follow(self, execution: Execution) -> Execution:
        self.console.say(f"{execution.pipeline}, execution {execution.id}")
        with self.console.progress() as progress:
            return self.sources.platform.executions.run(execution.id, progress.on)
