"""`ci.start`: what a pipeline is started with, what is told while it runs, and how that ends."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ci.aws import REGION, Aws, Fault, Stage
from tests.ci.conftest import PROJECT, TEST, Ci, cloned

BUCKET = f"mlops-new-{TEST}-{REGION}"
KIND = "application/vnd.docker.distribution.manifest.v2+json"
LAYERS = {"config": {"digest": "sha256:c"}, "layers": [{"digest": "sha256:l", "size": 1}]}
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": KIND, **LAYERS})
SAMPLE = "date,store,item,units_sold\n2026-01-01,a,b,3\n"


def step(name: str, status: str, **more: Any) -> dict[str, Any]:
    times = {"StartTime": 1_700_000_000, **({} if status == "Executing" else {"EndTime": 1_700_000_125})}
    return {"StepName": name, "StepStatus": status, **times, **more}


@pytest.fixture
def registered(build: Ci) -> Ci:
    """The build repository with a small sample, its pipeline registered and its image pushed."""
    (build.path / "data" / "sample.csv").write_text(SAMPLE, encoding="utf-8")
    register(build.aws, "fresh-sales-build", build)
    ecr = build.aws.client("ecr", TEST)
    tag = f"{PROJECT}-{build.commit}"
    if not any(image.get("imageTag") == tag for image in ecr.list_images(repositoryName="mlops-new")["imageIds"]):
        ecr.put_image(repositoryName="mlops-new", imageManifest=MANIFEST, imageTag=tag)
    build.aws.forget()
    return build


def register(aws: Aws, name: str, repository: Ci, file: str = "pipeline.json") -> None:
    sagemaker = aws.client("sagemaker", TEST)
    if name not in [one["PipelineName"] for one in sagemaker.list_pipelines()["PipelineSummaries"]]:
        text = (repository.path / file).read_text(encoding="utf-8")
        sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=text, RoleArn="r" * 20)


def started(aws: Aws) -> dict[str, str]:
    (request,) = aws.requests["StartPipelineExecution"]
    return {one["Name"]: one["Value"] for one in request["PipelineParameters"]}


def test_the_build_runs_on_the_sample_and_is_told_step_by_step(registered: Ci) -> None:
    registered.aws.stages = [
        Stage("Executing", [step("Preprocess", "Executing")]),
        Stage("Executing", [step("Preprocess", "Succeeded"), step("Train", "Executing")]),
        Stage("Succeeded", [step("Preprocess", "Succeeded"), step("Train", "Succeeded")]),
    ]
    done = registered.run("start", "build", "--every", "0.01")
    assert (done.returncode, done.stderr) == (0, "")
    told = [line for line in done.stdout.splitlines() if not line.startswith(("started", "  "))]
    assert told == [
        "Preprocess: Executing",
        "Preprocess: Succeeded in 2 min 5 s",
        "Train: Executing",
        "Train: Succeeded in 2 min 5 s",
        "Succeeded",
    ]
    values, commit = started(registered.aws), registered.commit
    assert values["ImageUri"] == f"{TEST}.dkr.ecr.{REGION}.amazonaws.com/mlops-new:{PROJECT}-{commit}"
    assert values["ExecutionRoleArn"] == f"arn:aws:iam::{TEST}:role/mlops-new-execution"
    assert (values["Bucket"], values["Commit"]) == (BUCKET, commit)
    assert values["HistoryUri"] == f"s3://{BUCKET}/{PROJECT}/history"
    s3 = registered.aws.client("s3", TEST)
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert f"{PROJECT}/history/README.txt" in keys
    data = f"{values['InputDataUri'].removeprefix(f's3://{BUCKET}/')}/sample.csv"
    assert s3.get_object(Bucket=BUCKET, Key=data)["Body"].read().decode() == SAMPLE


def test_what_is_stored_already_is_not_sent_again(registered: Ci) -> None:
    registered.run("start", "--no-wait")
    registered.aws.forget()
    done = registered.run("start", "--no-wait")
    assert done.returncode == 0
    assert "PutObject" not in registered.aws.calls
    assert "DescribePipelineExecution" not in registered.aws.calls


def test_a_step_that_fails_says_why_and_where_its_log_is(registered: Ci) -> None:
    arn = f"arn:aws:sagemaker:{REGION}:{TEST}:training-job/pipelines-abc-Train-xyz"
    failed = step("Train", "Failed", FailureReason="AlgorithmError:\n  no rows", Metadata={"TrainingJob": {"Arn": arn}})
    registered.aws.stages = [Stage("Failed", [failed], "Step failure: Train")]
    done = registered.run("start", "build", "--input", f"s3://{BUCKET}/mine.csv", "--every", "0.01")
    assert done.returncode == 1
    place = "$252Faws$252Fsagemaker$252FTrainingJobs$3FlogStreamNameFilter$3Dpipelines-abc-Train-xyz"
    console = f"https://{REGION}.console.aws.amazon.com/cloudwatch/home?region={REGION}"
    assert done.stdout.splitlines()[-4:] == [
        "Train: Failed in 2 min 5 s",
        "  AlgorithmError: no rows",
        f"  log: {console}#logsV2:log-groups/log-group/{place}",
        "Failed: Step failure: Train",
    ]
    assert started(registered.aws)["InputDataUri"] == f"s3://{BUCKET}/mine.csv"


def test_an_execution_that_takes_too_long_goes_on(registered: Ci) -> None:
    registered.aws.stages = [Stage("Executing")]
    done = registered.run("start", "--minutes", "0.001", "--every", "0.1")
    assert done.returncode == 1
    assert "still Executing after 0.001 minutes; it goes on: arn:aws:sagemaker" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "faults", "message"),
    [
        (["inference"], {}, "there is no pipeline inference here: there is build"),
        (["--parameter", "Colour=red"], {}, "the pipeline has no parameter Colour: it has Bucket, Commit"),
        (["--input", "nothing.csv"], {}, "there is no file or folder nothing.csv"),
        ([], {"DescribeImages": Fault("ImageNotFoundException")}, "`python3 -m ci.image` makes it"),
        ([], {"DescribeImages": Fault("RepositoryNotFoundException")}, "`mlops-new bootstrap` makes it"),
        ([], {"PutObject": Fault("NoSuchBucket", "no bucket", 404)}, "MLOPS_BUCKET names another one"),
        ([], {"StartPipelineExecution": Fault("ResourceNotFound", "no pipeline")}, "StartPipelineExecution failed"),
    ],
)
def test_what_cannot_be_started_is_one_line(
    registered: Ci, arguments: list[str], faults: dict[str, Fault], message: str
) -> None:
    (registered.path / "data" / "sample.csv").write_text(f"{SAMPLE}{message}", encoding="utf-8")
    registered.aws.faults.update({operation: [fault] for operation, fault in faults.items()})
    done = registered.run("start", "--no-wait", *arguments)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("ci.start: ")
    assert message in line
    assert not registered.aws.requests["StartPipelineExecution"] or "StartPipelineExecution" in faults


def test_without_an_approved_model_inference_is_not_started(deploy: Ci) -> None:
    register(deploy.aws, "fresh-sales-inference", deploy, "pipelines/inference.json")
    deploy.aws.faults["ListModelPackages"] = [Fault("ValidationException", "ModelPackageGroup x does not exist.")]
    done = deploy.run("start")
    assert (done.returncode, "StartPipelineExecution" in deploy.aws.calls) == (1, False)
    assert done.stderr.startswith("ci.start: there is no model package group fresh-sales")


def test_a_model_that_is_given_is_not_looked_up_and_ground_truth_has_a_variable_of_its_own(deploy: Ci) -> None:
    packages = {"ModelPackageArn": "a", "ImageUri": "i", "ModelQualityBaselineUri": "s3://b/q"}
    given = [word for name, value in packages.items() for word in ("--parameter", f"{name}={value}")]
    register(deploy.aws, "fresh-sales-model-quality", deploy, "pipelines/model_quality.json")
    variables = {"MLOPS_GROUND_TRUTH_URI": "s3://mine/truth", "MLOPS_INPUT_DATA_URI": "s3://mine/next-week"}
    deploy.aws.forget()
    done = deploy.run("start", "model-quality", "--no-wait", *given, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ListModelPackages" not in deploy.aws.calls
    assert started(deploy.aws)["InputDataUri"] == "s3://mine/truth"


def test_a_managed_project_says_whose_images_check_it(aws: Aws, tmp_path: Path) -> None:
    repository = Ci(cloned("build", tmp_path / "build", project_name="churn", monitoring="managed"), aws)
    register(aws, "churn-build", repository)
    aws.forget()
    done = repository.run("start", "--no-wait", "--input", "s3://a/b", "--parameter", "ImageUri=mine")
    assert (done.returncode, done.stderr) == (0, "")
    values, host = started(aws), f"dkr.ecr.{REGION}.amazonaws.com"
    assert values["ClarifyImageUri"] == f"763603941244.{host}/sagemaker-clarify-processing:1.0"
    assert values["ModelMonitorImageUri"] == f"895015795356.{host}/sagemaker-model-monitor-analyzer"
