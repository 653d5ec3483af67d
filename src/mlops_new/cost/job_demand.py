"""What the job of a step asks for: machines, time, attempts. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_new.definition import Step
from mlops_new.definition.document import mapping, sequence

# What SageMaker allows a job that asks for no limit.
DEFAULT_SECONDS = 24 * 60 * 60
# A transform job has nowhere to ask for one. Ours end within the hour; a day is what the others get.
ASSUMED_TRANSFORM_SECONDS = DEFAULT_SECONDS
_DEFAULT_RETRIES = 5


@dataclass(frozen=True)
class Machines:
    """Machines of one type; None where only the run will tell."""

    type: str | None
    count: int | None

    def __str__(self) -> str:
        return f"{self.count or '?'} x {self.type or 'a machine that is not known yet'}"


@dataclass(frozen=True)
class JobDemand:
    """The job of a step, its variables read as far as parameters tell them.

    Args:
        step: The step.
        values: Of the pipeline's parameters.
    """

    step: Step
    values: Mapping[str, Any]

    def machines(self) -> Iterator[Machines]:
        """What it runs on."""
        resources = self._resources()
        for group in sequence(resources.get("InstanceGroups")) or [resources]:
            one = mapping(group)
            count = self._number(one.get("InstanceCount"))
            if resources:
                yield Machines(self._text(one.get("InstanceType")), self._times(count))

    def seconds(self) -> int | None:
        """How long one attempt may take."""
        asked = self._asked()
        if asked is not None:
            return self._number(asked)
        return ASSUMED_TRANSFORM_SECONDS if self.step.type == "Transform" else DEFAULT_SECONDS

    def limit(self) -> str:
        """Where `seconds` comes from."""
        if self._asked() is not None:
            return "definition"
        return "assumed" if self.step.type == "Transform" else "default"

    def attempts(self) -> int:
        """How often the step may be tried; retries that a time limits, not a number, are counted by that time."""
        return 1 + sum(self._retries(policy) for policy in self._policies())

    def billed(self, seconds: int | None, attempts: int) -> int | None:
        """The time of all attempts together, with that in which machines are kept warm and retries are still begun."""
        if seconds is None:
            return None
        warm = self._number(self._resources().get("KeepAlivePeriodInSeconds")) or 0
        expiring = sum(int(policy.get("ExpireAfterMin", 0)) for policy in self._policies())
        return (seconds + warm) * attempts + 60 * expiring

    def _retries(self, policy: Mapping[str, Any]) -> int:
        return 0 if policy.get("ExpireAfterMin") else int(policy.get("MaxAttempts", _DEFAULT_RETRIES))

    def _policies(self) -> list[Mapping[str, Any]]:
        return [mapping(one) for one in sequence(self.step.body.get("RetryPolicies"))]

    def _asked(self) -> Any:
        return mapping(self._training().get("StoppingCondition")).get("MaxRuntimeInSeconds")

    def _resources(self) -> Mapping[str, Any]:
        match self.step.type:
            case "Training" | "Tuning":
                return mapping(self._training().get("ResourceConfig"))
            case "Transform":
                return mapping(self.step.arguments.get("TransformResources"))
            case _:
                return mapping(mapping(self.step.arguments.get("ProcessingResources")).get("ClusterConfig"))

    def _training(self) -> Mapping[str, Any]:
        """What says how a job is run: a tuning step says it for each of its training jobs."""
        nested = self.step.type == "Tuning"
        return mapping(self.step.arguments.get("TrainingJobDefinition")) if nested else self.step.arguments

    def _times(self, count: int | None) -> int | None:
        """Machines of all the training jobs that a tuning step may start."""
        if self.step.type != "Tuning" or count is None:
            return count
        limits = mapping(mapping(self.step.arguments.get("HyperParameterTuningJobConfig")).get("ResourceLimits"))
        jobs = self._number(limits.get("MaxNumberOfTrainingJobs"))
        return None if jobs is None else count * jobs

    def _value(self, value: Any) -> Any:
        match value:
            case {"Get": str(path)} if path.startswith("Parameters."):
                return self.values.get(path.removeprefix("Parameters."))
            case _:
                return value

    def _text(self, value: Any) -> str | None:
        found = self._value(value)
        return found if isinstance(found, str) else None

    def _number(self, value: Any) -> int | None:
        found = self._value(value)
        try:
            return int(str(found)) if isinstance(found, int | str) else None
        except ValueError:
            return None
