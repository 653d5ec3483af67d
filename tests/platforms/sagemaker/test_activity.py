"""What `status --all` asks an account."""

from mlops_new.platforms.sagemaker.account import Account
from mlops_new.platforms.sagemaker.activity import SageMakerActivities
from mlops_new.ports.activity import Activity
from tests.doubles.aws import AwsServer
from tests.platforms.sagemaker.conftest import NAME, Life


def test_runs_and_the_model_in_use_of_many_projects(life: Life, aws: AwsServer) -> None:
    look = SageMakerActivities(Account())
    assert look([NAME]) == {NAME: Activity()}
    life.make()
    assert look([NAME]) == {NAME: Activity(frozenset({life.pipeline}))}
    ended = life.run()
    life.decide()
    aws.calls.clear()
    found = look([NAME, "other"])
    assert found["other"] == Activity()
    assert found[NAME].model == 1
    assert found[NAME].executions == {life.pipeline: ("Succeeded", ended.started)}
    assert len(aws.calls) == 8
