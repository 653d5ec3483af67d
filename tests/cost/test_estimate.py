"""The most that an execution can cost, from its definition and a table of prices."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from mlops_new.cost.estimate import Estimate, estimate, refuse_above
from mlops_new.cost.prices import Job, Prices, unknown
from mlops_new.definition import Definition
from mlops_new.errors import Invalid
from mlops_new.platforms.sagemaker import account_settings

PRICES = Prices(
    {
        (Job.PROCESSING, "ml.m5.xlarge"): Decimal("0.24"),
        (Job.TRAINING, "ml.m5.xlarge"): Decimal("0.48"),
        (Job.TRANSFORM, "ml.m5.xlarge"): Decimal("0.12"),
    },
    "prices of a test",
)
HOUR = {"MaxRuntimeInSeconds": 3600}


def processing(
    name: str = "Preprocess", limit: Any = HOUR, count: Any = 1, kind: Any = "ml.m5.xlarge"
) -> dict[str, Any]:
    cluster = {"InstanceType": kind, "InstanceCount": count}
    arguments: dict[str, Any] = {"ProcessingResources": {"ClusterConfig": cluster}}
    if limit is not None:
        arguments["StoppingCondition"] = limit
    return {"Name": name, "Type": "Processing", "Arguments": arguments}


def training(resources: dict[str, Any], name: str = "Train") -> dict[str, Any]:
    return {"Name": name, "Type": "Training", "Arguments": {"ResourceConfig": resources, "StoppingCondition": HOUR}}


def cost(*steps: dict[str, Any], given: dict[str, str] | None = None, **parameters: Any) -> Estimate:
    declared = [{"Name": name, "Type": "String", "DefaultValue": value} for name, value in parameters.items()]
    document = {"Version": "2020-12-01", "Parameters": declared, "Steps": list(steps)}
    return estimate(Definition(document), given or {}, PRICES)


def test_machines_times_hours_times_price() -> None:
    assert cost(processing(count=3)).total == Decimal("0.72")


def test_kinds_of_jobs_have_prices_of_their_own() -> None:
    resources = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1}
    transform = {"Name": "Transform", "Type": "Transform", "Arguments": {"TransformResources": resources}}
    found = cost(training(resources), transform)
    assert [one.most for one in found.steps] == [Decimal("0.48"), Decimal("0.12") * 24]
    assert found.steps[1].limit == "assumed"


def test_without_a_limit_a_job_may_run_for_a_day() -> None:
    found = cost(processing(limit=None))
    assert (found.total, found.steps[0].limit) == (Decimal("0.24") * 24, "default")


def test_parameters_are_resolved_by_what_is_given_then_by_defaults() -> None:
    step = processing(count={"Get": "Parameters.Count"}, kind={"Get": "Parameters.Kind"})
    assert cost(step, Count=2, Kind="ml.m5.xlarge").total == Decimal("0.48")
    assert cost(step, given={"Count": "5"}, Count=2, Kind="ml.m5.xlarge").total == Decimal("1.20")


@pytest.mark.parametrize(
    ("policy", "total"),
    [
        ({"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 2}, "0.72"),
        ({"ExceptionType": ["Step.THROTTLING"]}, "1.44"),
        ({"ExceptionType": ["Step.THROTTLING"], "ExpireAfterMin": 30}, "0.36"),
    ],
)
def test_every_retry_is_taken(policy: dict[str, Any], total: str) -> None:
    assert cost({**processing(), "RetryPolicies": [policy]}).total == Decimal(total)


def test_groups_of_machines_and_machines_that_are_kept_warm() -> None:
    group = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2}
    assert cost(training({"InstanceGroups": [group, group]})).total == Decimal("1.92")
    assert cost(training({**group, "KeepAlivePeriodInSeconds": 1800})).total == Decimal("1.44")


def test_a_tuning_step_starts_many_training_jobs() -> None:
    resources = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2}
    arguments = {
        "HyperParameterTuningJobConfig": {"ResourceLimits": {"MaxNumberOfTrainingJobs": 5}},
        "TrainingJobDefinition": {"ResourceConfig": resources, "StoppingCondition": HOUR},
    }
    assert cost({"Name": "Tune", "Type": "Tuning", "Arguments": arguments}).total == Decimal("4.80")


def test_of_branches_the_dearest_counts() -> None:
    branch = {"IfSteps": [processing("A"), processing("B")], "ElseSteps": [processing("C", count=3)]}
    condition = {"Name": "Check", "Type": "Condition", "Arguments": {"Conditions": [], **branch}}
    found = cost(processing(), condition)
    assert found.total == Decimal("0.96")
    assert [one.step for one in found.steps] == ["Preprocess", "A", "B", "C"]


def test_what_starts_no_machine_costs_nothing() -> None:
    found = cost({"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}})
    assert (found.steps, found.total, found.unknown) == ((), Decimal(0), "")


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (processing(kind="ml.p9.xlarge"), "the price of ml.p9.xlarge for processing is unknown"),
        (processing(kind={"Get": "Parameters.None"}), "its machines are not known"),
        (processing(count={"Get": "Steps.X.Count"}), "its machines are not known"),
        (processing(limit={"MaxRuntimeInSeconds": {"Get": "Steps.X.Seconds"}}), "its time limit is not known"),
        ({"Name": "Cluster", "Type": "EMR", "Arguments": {}}, "what EMR steps cost is not known"),
        ({"Name": "Tune", "Type": "Tuning", "Arguments": {}}, "its machines are not known"),
    ],
)
def test_what_is_not_known_is_said(step: dict[str, Any], why: str) -> None:
    found = cost(processing("First"), step)
    assert why in found.unknown
    assert found.total == Decimal("0.24")
    with pytest.raises(Invalid, match="cannot be told"):
        refuse_above(found, Decimal(100))


def test_clarify_has_an_endpoint_besides() -> None:
    assert "an endpoint of its own" in cost({**processing(), "Type": "ClarifyCheck"}).unknown


def test_a_loop_is_counted_once_and_said_so() -> None:
    loop = {"Name": "Each", "Type": "ForEach", "Arguments": {"IterableItems": [], "ForEachBody": [processing()]}}
    found = cost(loop)
    assert (found.total, "it is repeated" in found.unknown) == (Decimal("0.24"), True)


def test_the_cap() -> None:
    found = cost(processing())
    refuse_above(found, Decimal("0.24"))
    with pytest.raises(Invalid, match=r"up to USD 0\.24, more than the cap of USD 0\.23") as refused:
        refuse_above(found, Decimal("0.23"))
    assert refused.value.code == 2


def test_sums_are_never_rounded_down() -> None:
    with pytest.raises(Invalid, match=r"USD 0\.01, more than the cap of USD 0\.00"):
        refuse_above(cost(processing(limit={"MaxRuntimeInSeconds": 60})), Decimal(0))


def test_prices_of_the_settings() -> None:
    prices = {"date": date(2026, 11, 1), "currency": "SEK", "processing": {"ml.m5.xlarge": 2.5}}
    found = account_settings.parse({"prices": prices}).prices
    assert found is not None
    assert found.of(Job.PROCESSING, "ml.m5.xlarge") == Decimal("2.5")
    assert found.of(Job.TRAINING, "ml.m5.xlarge") is None
    assert (found.currency, "2026-11-01" in found.source) == ("SEK", True)


def test_without_prices_there_is_no_sum() -> None:
    document = {"Version": "2020-12-01", "Parameters": [], "Steps": [processing()]}
    found = estimate(Definition(document), {}, unknown("nobody knows"))
    assert (found.total, found.steps[0].most) == (None, None)
    with pytest.raises(Invalid, match=r"cannot be told .*ml\.m5\.xlarge.*; with no prices: nobody knows;"):
        refuse_above(found, Decimal(100))
    free = {**document, "Steps": [{"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}]}
    assert estimate(Definition(free), {}, unknown("nobody knows")).total == Decimal(0)
