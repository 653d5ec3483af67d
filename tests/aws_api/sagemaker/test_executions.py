"""Pipelines that are made, run, followed, stopped and retried by an unmodified client, in real processes."""

import itertools
import json
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.aws_api.program import HANG, ROLE, Parameters, Served, create, ended, line, refused, start, steps, until
from tests.platforms.local.conftest import Local, appears, gone
from tests.platforms.local.definitions import (
    condition,
    definition,
    equals,
    fail,
    get,
    model,
    processing,
    register,
    training,
    transform,
)

TRAIN = "import os, pathlib; pathlib.Path(os.environ['OPT_ML_ROOT'], 'model', 'm').write_text('1')"


def everything(name: str) -> str:
    """A pipeline with a step of every kind."""
    archive = get("Steps.Train.ModelArtifacts.S3ModelArtifacts")
    return definition(
        {**processing("Prepare", "print('ready')", outputs=("table",)), "DisplayName": "Make it ready"},
        {**training("Train", TRAIN, channels={"train": "s3://everything/in.csv"}), "DependsOn": ["Prepare"]},
        model("Create", archive),
        transform("Predict", "Create", "s3://everything/in.csv"),
        condition("Gate", equals(get("Parameters.Go"), "yes"), then=(register("Register", archive, name),)),
        Go={"Type": "String", "DefaultValue": "yes", "EnumValues": ["yes", "no"]},
    )


def test_a_pipeline_from_creation_to_its_end(sagemaker: Any, s3: Any, image: Parameters) -> None:
    s3.create_bucket(Bucket="everything")
    s3.put_object(Bucket="everything", Key="in.csv", Body=b"1\n2\n")
    text = everything("everything")
    arn = create(sagemaker, "everything", text, PipelineDescription="all there is", PipelineDisplayName="All")
    described = sagemaker.describe_pipeline(PipelineName=arn)
    assert described["PipelineDefinition"] == text
    assert (described["PipelineDescription"], described["RoleArn"]) == ("all there is", ROLE)
    assert "LastRunTime" not in described

    execution = start(
        sagemaker, "everything", image, PipelineExecutionDisplayName="first", PipelineExecutionDescription="d"
    )
    assert (
        sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)["PipelineExecutionStatus"] == "Executing"
    )
    found = ended(sagemaker, execution)
    assert found["Seen"] == ["Executing", "Succeeded"], found
    assert (found["PipelineExecutionDisplayName"], found["PipelineExecutionDescription"]) == ("first", "d")
    assert sagemaker.describe_pipeline(PipelineName="everything")["LastRunTime"] == found["CreationTime"]

    listed = steps(sagemaker, execution)
    assert set(listed) == {"Prepare", "Train", "Create", "Predict", "Gate", "Register"}
    assert {step["StepStatus"] for step in listed.values()} == {"Succeeded"}
    assert listed["Prepare"]["StepDisplayName"] == "Make it ready"
    assert listed["Gate"]["Metadata"] == {"Condition": {"Outcome": "True"}}
    assert listed["Prepare"]["EndTime"] <= listed["Train"]["StartTime"]
    version = listed["Register"]["Metadata"]["RegisterModel"]["Arn"]
    assert sagemaker.describe_model_package(ModelPackageName=version)["CustomerMetadataProperties"] == {
        "execution": execution
    }
    _jobs(sagemaker, listed)
    predicted = s3.get_object(Bucket="mlops-new", Key=f"tests/{execution.rpartition('/')[2]}/Predict/in.csv.out")
    assert predicted["Body"].read()


def _jobs(sagemaker: Any, listed: dict[str, Any]) -> None:
    """What is told of the jobs of an execution's steps."""

    def name(step: str, kind: str) -> str:
        return str(listed[step]["Metadata"][kind]["Arn"]).rpartition("/")[2]

    processed = sagemaker.describe_processing_job(ProcessingJobName=name("Prepare", "ProcessingJob"))
    assert processed["ProcessingJobStatus"] == "Completed"
    assert processed["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"].startswith("s3://mlops-new/tests/")
    trained = sagemaker.describe_training_job(TrainingJobName=name("Train", "TrainingJob"))
    assert (trained["TrainingJobStatus"], trained["SecondaryStatus"]) == ("Completed", "Completed")
    assert trained["ModelArtifacts"]["S3ModelArtifacts"].endswith("/output/model.tar.gz")
    transformed = sagemaker.describe_transform_job(TransformJobName=name("Predict", "TransformJob"))
    assert transformed["TransformJobStatus"] == "Completed"
    for kind in ("processing", "training", "transform"):
        with refused("ValidationException", "Could not find requested job with name: no-such-job"):
            getattr(sagemaker, f"describe_{kind}_job")(**{f"{kind.title()}JobName": "no-such-job"})
    with refused("ValidationException"):  # there is such a job, but it is another kind of job
        sagemaker.describe_training_job(TrainingJobName=name("Prepare", "ProcessingJob"))


def test_lists_come_in_pages_sorted_and_filtered(sagemaker: Any, image: Parameters) -> None:
    create(sagemaker, "paged", definition(processing("One", ""), processing("Two", "", DependsOn=["One"])))
    arns = [start(sagemaker, "paged", image, PipelineExecutionDisplayName=f"run-{number}") for number in range(3)]
    for arn in arns:
        assert ended(sagemaker, arn)["PipelineExecutionStatus"] == "Succeeded"

    def pages(operation: str, member: str, name: str, **more: Any) -> list[list[str]]:
        paginator = sagemaker.get_paginator(operation).paginate(PaginationConfig={"PageSize": 2}, **more)
        return [[item[name] for item in page[member]] for page in paginator]

    latest_first = pages(
        "list_pipeline_executions", "PipelineExecutionSummaries", "PipelineExecutionArn", PipelineName="paged"
    )
    assert latest_first == [[arns[2], arns[1]], [arns[0]]]
    by_arn = sagemaker.list_pipeline_executions(
        PipelineName="paged", SortBy="PipelineExecutionArn", SortOrder="Ascending"
    )["PipelineExecutionSummaries"]
    assert [one["PipelineExecutionArn"] for one in by_arn] == sorted(arns)
    assert {one["PipelineExecutionDisplayName"] for one in by_arn} == {"run-0", "run-1", "run-2"}
    soon = datetime.now(UTC) + timedelta(hours=1)
    for limits in ({"CreatedAfter": soon}, {"CreatedBefore": soon - timedelta(hours=2)}):
        assert not sagemaker.list_pipeline_executions(PipelineName="paged", **limits)["PipelineExecutionSummaries"]

    first = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arns[0], MaxResults=1)
    assert [step["StepName"] for step in first["PipelineExecutionSteps"]] == ["Two"]
    second = sagemaker.list_pipeline_execution_steps(
        PipelineExecutionArn=arns[0], MaxResults=1, NextToken=first["NextToken"]
    )
    assert [step["StepName"] for step in second["PipelineExecutionSteps"]] == ["One"]
    assert "NextToken" not in second
    for token in ("nonsense", "WzFd", "e30="):
        with refused("ValidationException", "NextToken"):
            sagemaker.list_pipelines(NextToken=token, SortBy="Name")

    for name in ("paged-b", "paged-a"):
        create(sagemaker, name, definition(processing("One", "")))
    names = pages("list_pipelines", "PipelineSummaries", "PipelineName", PipelineNamePrefix="paged", SortBy="Name")
    assert names == [["paged", "paged-a"], ["paged-b"]]
    newest = sagemaker.list_pipelines(PipelineNamePrefix="paged", MaxResults=1)["PipelineSummaries"][0]
    assert newest["PipelineName"] == "paged-a"


def test_what_is_wrong_with_a_start_is_said_before_anything_runs(sagemaker: Any, image: Parameters) -> None:
    create(sagemaker, "strict", everything("strict"))
    with refused("ResourceNotFound", "no pipeline nowhere"):
        start(sagemaker, "nowhere", image)
    with refused("ValidationException", "ImageUri has no default"):
        start(sagemaker, "strict", [])
    with refused("ValidationException", "Nonsense is not a parameter"):
        start(sagemaker, "strict", [*image, {"Name": "Nonsense", "Value": "1"}])
    with refused("ValidationException", "not one of yes, no"):
        start(sagemaker, "strict", [*image, {"Name": "Go", "Value": "maybe"}])
    with refused("ValidationException", "mlops-new image"):
        start(sagemaker, "strict", [{"Name": "ImageUri", "Value": "123456789012.dkr.ecr.eu-north-1.amazonaws.com/a:b"}])
    with refused("ValidationException", "twice"):
        start(sagemaker, "strict", [*image, *image])
    with refused("ValidationException", "SelectiveExecutionConfig"):
        start(sagemaker, "strict", image, SelectiveExecutionConfig={"SelectedSteps": [{"StepName": "Prepare"}]})
    with refused("ValidationException", "PipelineExecutionDisplayName"):
        start(sagemaker, "strict", image, PipelineExecutionDisplayName="not a name!")
    assert not sagemaker.list_pipeline_executions(PipelineName="strict")["PipelineExecutionSummaries"]


def test_definitions_are_checked_and_replaced(sagemaker: Any, s3: Any) -> None:
    text = definition(processing("One", ""))
    with refused("ValidationException", "PipelineDefinition"):
        create(sagemaker, "changing", "{not json}")
    broken = json.loads(text)
    broken["Steps"][0]["Arguments"].pop("ProcessingResources")
    with refused("ValidationException", "ProcessingResources"):
        create(sagemaker, "changing", json.dumps(broken))
    arn = create(sagemaker, "changing", text, ClientRequestToken="t" * 32)
    assert create(sagemaker, "changing", text, ClientRequestToken="t" * 32) == arn
    with refused("ValidationException", "already exists"):
        create(sagemaker, "changing", text)
    with refused("ConflictException", "used before"):
        create(sagemaker, "changing", definition(processing("Two", "")), ClientRequestToken="t" * 32)

    s3.put_object(Bucket="mlops-new", Key="definitions/new.json", Body=definition(processing("Two", "")).encode())
    sagemaker.update_pipeline(
        PipelineName="changing",
        PipelineDefinitionS3Location={"Bucket": "mlops-new", "ObjectKey": "definitions/new.json"},
        ParallelismConfiguration={"MaxParallelExecutionSteps": 3},
    )
    described = sagemaker.describe_pipeline(PipelineName="changing")
    assert json.loads(described["PipelineDefinition"])["Steps"][0]["Name"] == "Two"
    assert described["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 3}
    with refused("ValidationException", "no text at"):
        sagemaker.update_pipeline(
            PipelineName="changing", PipelineDefinitionS3Location={"Bucket": "mlops-new", "ObjectKey": "nothing"}
        )
    sagemaker.delete_pipeline(PipelineName="changing")
    for call in (sagemaker.describe_pipeline, sagemaker.delete_pipeline, sagemaker.update_pipeline):
        with refused("ResourceNotFound"):
            call(PipelineName="changing")
    assert create(sagemaker, "changing", text, ClientRequestToken="t" * 32) == arn  # a new one of the old name


def test_pipelines_of_a_project_keep_its_mark(sagemaker: Any, local: Local) -> None:
    local.platform.stores.pipelines.register(
        "marked", definition(processing("One", "")), project="fresh-sales", repository="build"
    )
    arn = sagemaker.describe_pipeline(PipelineName="marked")["PipelineArn"]
    tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
    assert tags == {
        "mlops-new:project": "fresh-sales",
        "mlops-new:repository": "build",
        "sagemaker:project-name": "fresh-sales",
    }
    sagemaker.update_pipeline(PipelineName="marked", PipelineDefinition=definition(processing("Two", "")))
    local.platform.stores.pipelines.register(
        "marked", definition(processing("One", "")), project="fresh-sales", repository="build"
    )

    marks = [{"Key": "mlops-new:project", "Value": "other"}, {"Key": "mlops-new:repository", "Value": "deploy"}]
    own = create(sagemaker, "own", definition(processing("One", "")), Tags=[*marks, {"Key": "team", "Value": "a"}])
    found = local.platform.stores.pipelines.find("own")
    assert found is not None
    assert (found.project, found.repository) == ("other", "deploy")
    sagemaker.add_tags(ResourceArn=own, Tags=[{"Key": "team", "Value": "b"}, {"Key": "cost", "Value": ""}])
    sagemaker.delete_tags(ResourceArn=own, TagKeys=["mlops-new:project", "never there"])
    first = sagemaker.list_tags(ResourceArn=own, MaxResults=50)
    assert {tag["Key"]: tag["Value"] for tag in first["Tags"]} == {
        "cost": "",
        "mlops-new:repository": "deploy",
        "team": "b",
    }
    with refused("ResourceNotFound"):
        sagemaker.list_tags(ResourceArn=own.replace("own", "nobodys"))
    with refused("ValidationException"):
        sagemaker.add_tags(ResourceArn=own.replace("pipeline/own", "endpoint/own"), Tags=[{"Key": "a", "Value": "b"}])


def test_a_failure_is_told_where_it_happened_and_can_be_retried(sagemaker: Any, image: Parameters, signs: Path) -> None:
    code = f"import pathlib, sys\nif not pathlib.Path('{signs}/ready').exists(): sys.exit('the shop was closed')"
    once = f"import pathlib\npathlib.Path('{signs}/ran').open('a').write('x')"
    text = definition(
        processing("One", line(once)),
        processing("Two", line(code), DependsOn=["One"]),
        processing("Three", "", DependsOn=["Two"]),
    )
    create(sagemaker, "failing", text)
    arn = start(sagemaker, "failing", image)
    found = ended(sagemaker, arn)
    assert (found["PipelineExecutionStatus"], "the shop was closed" in found["FailureReason"]) == ("Failed", True)
    listed = steps(sagemaker, arn)
    assert list(listed) == ["One", "Two"]  # what was not run is not listed
    assert (listed["Two"]["StepStatus"], listed["Two"]["AttemptCount"]) == ("Failed", 1)
    assert "the shop was closed" in listed["Two"]["FailureReason"]
    job = listed["Two"]["Metadata"]["ProcessingJob"]["Arn"].rpartition("/")[2]
    described = sagemaker.describe_processing_job(ProcessingJobName=job)
    assert (described["ProcessingJobStatus"], "closed" in described["FailureReason"]) == ("Failed", True)

    (signs / "ready").touch()
    token = "r" * 32
    for _ in range(2):  # an answer that was lost is asked for again
        sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=token)
    assert ended(sagemaker, arn)["PipelineExecutionStatus"] == "Succeeded"
    sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=token)
    assert steps(sagemaker, arn)["Two"]["AttemptCount"] == 2
    assert (signs / "ran").read_text() == "x"
    with refused("ValidationException", "Succeeded"):
        sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="s" * 32)


def test_a_fail_step_says_its_message(sagemaker: Any, image: Parameters) -> None:
    create(sagemaker, "giving-up", definition(condition("Gate", equals(1, 2), otherwise=(fail("No", "not today"),))))
    arn = start(sagemaker, "giving-up", image)
    assert ended(sagemaker, arn)["FailureReason"] == "not today"
    listed = steps(sagemaker, arn)
    assert listed["No"]["Metadata"] == {"Fail": {"ErrorMessage": "not today"}}
    assert listed["Gate"]["Metadata"] == {"Condition": {"Outcome": "False"}}


def test_a_run_is_stopped_and_goes_on(sagemaker: Any, image: Parameters, signs: Path) -> None:
    sign = signs / "pid"
    create(sagemaker, "stopping", definition(processing("Hang", line(HANG), str(sign))))
    arn = start(sagemaker, "stopping", image)
    job = int(appears(sign))
    with refused("ConflictException", "runs"):
        sagemaker.delete_pipeline(PipelineName="stopping")
    with refused("ConflictException", "being run"):
        sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    found = ended(sagemaker, arn)
    assert found["Seen"][-1] == "Stopped"
    assert set(found["Seen"]) <= {"Stopping", "Stopped"}
    gone(job)
    assert steps(sagemaker, arn)["Hang"]["StepStatus"] == "Stopped"
    # The words that Airflow's operator looks for.
    with refused("ValidationException", "Only pipelines with 'Executing' status can be stopped"):
        sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    sign.unlink()
    sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)
    gone_on = int(appears(sign))
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    assert ended(sagemaker, arn)["PipelineExecutionStatus"] == "Stopped"
    gone(gone_on)


def test_steps_side_by_side_are_limited(served: Served, sagemaker: Any, image: Parameters) -> None:
    text = definition(*(processing(f"Nap{number}", "import time; time.sleep(0.2)") for number in range(3)))
    create(sagemaker, "limited", text, ParallelismConfiguration={"MaxParallelExecutionSteps": 1})
    with refused("ValidationException", "MaxParallelExecutionSteps"):
        start(
            served.unchecked("sagemaker"), "limited", image, ParallelismConfiguration={"MaxParallelExecutionSteps": 0}
        )
    arn = start(sagemaker, "limited", image)
    assert ended(sagemaker, arn)["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 1}
    listed = list(steps(sagemaker, arn).values())
    for earlier, later in itertools.pairwise(listed):
        assert earlier["EndTime"] <= later["StartTime"]


def test_what_was_started_once_is_one_run(served: Served, image: Parameters, signs: Path) -> None:
    sagemaker = served.client("sagemaker")
    create(sagemaker, "once", definition(processing("One", f"open('{signs}/ran', 'a').write('x')")))
    token, clients = "o" * 32, [served.client("sagemaker") for _ in range(4)]
    with ThreadPoolExecutor(len(clients)) as pool:
        arns = set(pool.map(lambda client: start(client, "once", image, ClientRequestToken=token), clients))
    assert len(arns) == 1
    assert ended(sagemaker, arns.pop())["PipelineExecutionStatus"] == "Succeeded"
    assert len(sagemaker.list_pipeline_executions(PipelineName="once")["PipelineExecutionSummaries"]) == 1
    assert (signs / "ran").read_text() == "x"
    with refused("ConflictException", "used before"):
        start(sagemaker, "once", image, ClientRequestToken=token, PipelineExecutionDisplayName="another")


def test_killed_servers_lose_nothing(
    start_server: Callable[[], Served], own: Local, image: Parameters, signs: Path
) -> None:
    first = start_server()
    sagemaker = first.client("sagemaker")
    wait = "import pathlib, sys, time\nwhile not pathlib.Path(sys.argv[1]).exists(): time.sleep(0.01)"
    create(sagemaker, "durable", definition(processing("Wait", line(wait), str(signs / "go"))))
    token = "d" * 32
    arn = start(sagemaker, "durable", image, ClientRequestToken=token)
    first.process.kill()
    first.wait()

    one, two = start_server(), start_server()  # two on one home
    for server in (one, two):
        again = server.client("sagemaker")
        assert start(again, "durable", image, ClientRequestToken=token) == arn
        assert again.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"] == "Executing"
    (signs / "go").touch()
    for server in (one, two):
        assert ended(server.client("sagemaker"), arn)["PipelineExecutionStatus"] == "Succeeded"

    (signs / "go").unlink()
    killed = start(one.client("sagemaker"), "durable", image)
    identity = killed.rpartition("/")[2]
    until(lambda: "Wait" in steps(two.client("sagemaker"), killed))
    os.kill(own.platform.stores.executions.owner(identity).pid, signal.SIGKILL)
    found = ended(two.client("sagemaker"), killed)
    assert (found["PipelineExecutionStatus"], "killed" in found["FailureReason"]) == ("Stopped", True)
    (signs / "go").touch()
    two.client("sagemaker").retry_pipeline_execution(PipelineExecutionArn=killed)
    assert ended(one.client("sagemaker"), killed)["PipelineExecutionStatus"] == "Succeeded"


def test_a_run_that_is_stopped_before_it_begins(sagemaker: Any, image: Parameters, signs: Path) -> None:
    create(sagemaker, "hasty", definition(processing("Hang", line(HANG), str(signs / "pid"))))
    arn = start(sagemaker, "hasty", image)
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)  # its process has hardly begun
    found = ended(sagemaker, arn)
    assert (found["PipelineExecutionStatus"], found["FailureReason"]) == ("Stopped", "it was stopped on request")


def test_executions_are_told_apart(sagemaker: Any, image: Parameters) -> None:
    create(sagemaker, "asked", everything("asked"))
    text = definition(processing("One", ""), Days={"Type": "Integer", "DefaultValue": 7})
    sagemaker.update_pipeline(PipelineName="asked", PipelineDefinition=text)
    arn = start(sagemaker, "asked", [*image, {"Name": "Days", "Value": "14"}])
    parameters = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)["PipelineParameters"]
    assert {one["Name"]: one["Value"] for one in parameters} == {"Days": "14", "ImageUri": image[0]["Value"]}
    sagemaker.update_pipeline(PipelineName="asked", PipelineDefinition=everything("asked"))
    kept = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
    assert kept["PipelineDefinition"] == text
    for wrong in (arn[:-1] + "!", arn.replace("/asked/", "/other/"), arn[: arn.rindex("/")] + "/" + "0" * 12):
        with refused("ResourceNotFound"):
            sagemaker.describe_pipeline_execution(PipelineExecutionArn=wrong)
    with refused("ValidationException", "not the ARN"):
        sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn.replace("/asked/", "/asked/twice/"))
    ended(sagemaker, arn)
