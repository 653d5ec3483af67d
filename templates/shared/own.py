"""Checks by this project's own `monitoring/`, as processing steps of the model's image: they run in every account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sagemaker.core.workflow.properties import PropertyFile

from jobs import HISTORY, Value, module, output, within

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sagemaker.mlops.workflow.steps import ProcessingStep

    from jobs import Jobs


@dataclass(frozen=True)
class Made:
    """What a step for a baseline or a check leaves.

    Attributes:
        step: The step.
        folder: URI of the folder with all its files.
        files: URIs of `statistics` and `constraints` as just computed; attributions have only the latter.
        used: The same of the baseline that was compared with, or is to be from now on.
    """

    step: Any
    folder: Value
    files: Mapping[str, Value]
    used: Mapping[str, Value]


@dataclass(frozen=True)
class Truth:
    """Predictions compared with ground truth where some of it is new.

    Attributes:
        first: The step that sees whether there is something new.
        news: The document in which it says so, as `new`.
        then: What is left to do when there is.
        folder: URI of the folder with what the check found.
    """

    first: ProcessingStep
    news: PropertyFile
    then: Sequence[Any]
    folder: Value


class Checks:
    """Makes the steps of one pipeline's monitoring. Without a baseline, a step makes one.

    Attributes:
        steps: Those made so far, in order.
        parameters: What they need to be told when the pipeline starts.
        after: Steps to wait for before their files are read: none, as files are taken from the step.
    """

    def __init__(self, jobs: Jobs, problem_type: str) -> None:
        del problem_type  # the image knows
        self._jobs = jobs
        self.steps: list[Any] = []
        self.parameters: list[Any] = []
        self.after: list[Any] = []

    def data_quality(self, data: Value, *, baseline: Value | None = None, run_date: Any = None) -> Made:
        """Statistics and constraints of a table, or its violations of those of a baseline.

        Args:
            data: The table.
            baseline: What it is compared with.
            run_date: A parameter of the pipeline with the day that a run is for: data must not be much older.
        """
        self.parameters += [] if run_date is None else [run_date]
        told = [] if run_date is None else ["--run-date", run_date]
        return self._made("DataQuality", {"data": data}, ("statistics", "constraints"), baseline, told)

    def attribution(self, data: Value, *, model: Any, model_data: Value, baseline: Value | None = None) -> Made:
        """What predictions for a table rest on, or how far that drifted from a baseline."""
        del model  # its predict function is called in the job itself
        return self._made("Attribution", {"data": data, "model": model_data}, ("analysis",), baseline)

    def model_quality(self, predictions: Value, ground_truth: Value) -> Made:
        """The metrics of predictions, as a baseline."""
        told = {"predictions": predictions, "ground_truth": ground_truth}
        return self._made("ModelQuality", told, ("statistics", "constraints"), None)

    def truth(self, predictions: Value, ground_truth: Value, *, baseline: Value, model_package: Value) -> Truth:
        """Predictions of a model package against ground truth, where that has not been compared before."""
        news = PropertyFile(name="News", output_name="model_quality", path="new.json")
        check = self._jobs.processing(
            "ModelQualityCheck",
            module("monitoring.model_quality", "--check"),
            inputs={
                "predictions": predictions,
                "ground_truth": ground_truth,
                "baseline": baseline,
                "compared": HISTORY,
            },
            outputs={"model_quality": self._jobs.history("model_quality")},
            arguments=["--model-package", model_package],
            property_files=[news],
        )
        self.steps.append(check)
        return Truth(check, news, (), output(check, "model_quality"))

    def _made(
        self,
        name: str,
        inputs: Mapping[str, Value],
        files: Sequence[str],
        baseline: Value | None,
        told: Sequence[Value] = (),
    ) -> Made:
        place = {"DataQuality": "data_quality", "ModelQuality": "model_quality"}.get(name, "attribution")
        known = {} if baseline is None else {"baseline": baseline}
        step = self._jobs.processing(
            f"{name}{'Baseline' if baseline is None else 'Check'}",
            module(f"monitoring.{place}", "--baseline" if baseline is None else "--check"),
            inputs={**inputs, **known},
            outputs=[place],
            arguments=told,
        )
        self.steps.append(step)
        folder = output(step, place)
        found = {_kind(file): within(folder, f"{file}.json") for file in files}
        return Made(step, folder, found, found)


def _kind(file: str) -> str:
    return "constraints" if file == "analysis" else file  # attributions are their own constraints
