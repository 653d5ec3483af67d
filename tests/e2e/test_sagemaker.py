"""A model's whole life on SageMaker, by plain commands, against an account on loopback; and what can go wrong there."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.doubles.aws import AwsServer, Fault, Kind
from tests.doubles.aws.executions import Script
from tests.doubles.aws.server import BUCKET, Moto
from tests.e2e.program import Ended, mlops_new

NAME = "fresh-sales"
EVALUATION = {
    "gate": {"passed": True, "metric": "wape", "value": 0.25, "threshold": 0.35},
    "regression_metrics": {"wape": {"value": 0.25, "standard_deviation": 0.01}},
}
DECISION = {"retrain": False, "reasons": ["No rule asks for it."]}


@pytest.fixture
def settings(somewhere: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """SageMaker is what the settings file says."""
    file = somewhere / "mlops-new.toml"
    file.write_text('platform = "sagemaker"\n', encoding="utf-8")
    monkeypatch.setenv("MLOPS_NEW_CONFIG", str(file))
    return file


@pytest.fixture
def place(somewhere: Path, settings: Path, aws: AwsServer) -> Path:
    """Where the working copies go; what steps write is what the templates' steps write."""
    aws.script.files |= {
        "evaluation": {"evaluation.json": json.dumps(EVALUATION).encode()},
        "decision": {"decision.json": json.dumps(DECISION).encode()},
        "report": {"report.html": b"<html></html>"},
    }
    return somewhere


def command(*arguments: str | Path) -> Ended:
    ended = mlops_new(*arguments, "--json")
    assert ended.code == 0, ended.err
    return ended


def push_image(aws: AwsServer, build: Path) -> str:
    """What CI does when `main` is pushed."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=build, check=True, capture_output=True, text=True)
    tag = f"{NAME}-{head.stdout.strip()}"
    aws.push_image(tag)
    return tag


def test_from_nothing_to_a_forecast_and_back_to_nothing(place: Path, aws: AwsServer) -> None:
    build, deploy = place / f"{NAME}-build", place / f"{NAME}-deploy"
    aws.empty()
    assert command("bootstrap", "--yes").document["outputs"]["Bucket"] == BUCKET
    planned = command("project", NAME, "--dry-run").document
    assert {"create model package group", "register pipeline"} <= {step["action"] for step in planned["steps"]}
    assert command("project", NAME, "--yes").document["changed"]
    assert not command("project", NAME, "--yes").document["changed"]
    assert "sagemaker:UpdatePipeline" not in aws.calls
    assert command("status", NAME).document["in_sync"]

    early = mlops_new("run", "-C", build)
    assert early.code == 1
    assert "there is no image" in early.err
    assert "git push" in early.err
    tag = push_image(aws, build)

    built = command("run", "-C", build)
    assert "✓ Train" in built.err
    document = built.document
    assert document["status"] == "Succeeded"
    assert document["model_package"] == 1
    assert {step["status"] for step in document["steps"]} == {"Succeeded", "NotRun"}
    assert document["outputs"]["evaluation"].startswith(f"s3://{BUCKET}/{NAME}/")
    assert document["report"].endswith("/report.html")

    (model,) = command("models", "list", "-C", deploy).document
    assert (model["status"], model["metrics"]) == ("PendingManualApproval", {"wape": 0.25})
    assert model["execution"] == document["execution"]
    assert mlops_new("run", "-C", deploy).code == 1
    command("models", "approve", "1", "--note", "good", "-C", build)
    assert command("models", "show", "1", "-C", deploy).document["image"].endswith(f"/mlops-new:{tag}")

    package = f"arn:aws:sagemaker:eu-north-1:123456789012:model-package/{NAME}/1"
    manifest = {"rows": 3, "model_package": package, "execution": "x", "commit": "", "input": "s3://bucket/key"}
    files = {"manifest.json": json.dumps(manifest).encode(), "predictions.csv": b"prediction\n1\n"}
    aws.script.files["predictions"] = files
    forecast = command("run", "-C", deploy).document
    assert forecast["decision"] == DECISION
    predictions = f"{forecast['outputs']['predictions']}/predictions.csv"
    told = command("lineage", predictions, "-C", deploy).document
    assert (told["model"]["version"], told["build"]["execution"]) == (1, document["execution"])
    assert len(told["build"]["data"]["sha256"]) == 64

    kept = command("destroy", NAME, "--dry-run").document
    assert any("1 model version" in text for text in kept["kept"])
    command("destroy", NAME, "--purge", "--yes", "--discard-local-work")
    nothing_is_left(aws, place)


def nothing_is_left(aws: AwsServer, place: Path) -> None:
    sagemaker, versions = aws.client("sagemaker"), aws.client("s3").list_object_versions(Bucket=BUCKET)
    assert sagemaker.list_pipelines()["PipelineSummaries"] == []
    assert sagemaker.list_models()["Models"] == []
    assert (aws.packages.groups, aws.packages.versions) == ({}, {})
    assert not versions.get("Versions")
    assert not versions.get("DeleteMarkers")
    assert aws.client("ecr").list_images(repositoryName="mlops-new")["imageIds"] == []
    assert [path.name for path in place.iterdir()] == ["mlops-new.toml"]


# One project, for what can happen to its runs


@pytest.fixture(scope="module")
def shop(moto: Moto, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[AwsServer, Path]]:
    """An account with a project whose image was pushed, and the project's build repository."""
    place = tmp_path_factory.mktemp("shop")
    server = AwsServer(moto)
    server.bootstrap()
    environ = {**server.environ, "MLOPS_NEW_HOME": str(place / "home"), "GIT_CONFIG_GLOBAL": str(place / "gitconfig")}
    (place / "gitconfig").write_text("[user]\n\tname = Test\n\temail = test@localhost\n", encoding="utf-8")
    made = mlops_new("project", NAME, "--platform", "sagemaker", "--yes", "-C", place, env=environ)
    assert made.code == 0, made.err
    push_image(server, place / f"{NAME}-build")
    yield server, place / f"{NAME}-build"
    server.close()


@pytest.fixture
def build(shop: tuple[AwsServer, Path], settings: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    server, build = shop
    server.faults.clear()
    server.executions.script = Script()
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MLOPS_NEW_HOME", str(build.parent / "home"))
    return build


@pytest.fixture
def server(shop: tuple[AwsServer, Path], build: Path) -> AwsServer:
    return shop[0]


@pytest.mark.slow
def test_a_failed_step_is_told_with_its_reason_and_its_log(server: AwsServer, build: Path) -> None:
    server.script.failures["Preprocess"] = "ClientError: the table has no rows"
    ended = mlops_new("run", "-C", build, "--json")
    assert ended.code == 1
    assert ended.err.splitlines()[-3:][0] == "error: step Preprocess failed: ClientError: the table has no rows"
    assert "https://eu-north-1.console.aws.amazon.com/cloudwatch/home?region=eu-north-1#logsV2:" in ended.err
    assert ended.document["status"] == "Failed"
    server.script.failures.clear()
    server.script.endless.add("Preprocess")
    assert command("run", "--resume", ended.document["execution"], "--no-wait", "-C", build).document["status"]
    assert command("stop", ended.document["execution"], "-C", build).document["status"] == "Stopping"


@pytest.mark.slow
def test_who_leaves_lets_it_run_and_can_come_back_stop_it_and_go_on(server: AwsServer, build: Path) -> None:
    server.script.endless.add("Preprocess")
    server.calls.clear()
    started = [sys.executable, "-m", "mlops_new", "run", "-C", str(build), "--json"]
    with subprocess.Popen(started, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as following:
        assert following.stderr is not None
        assert "execution" in next(line for line in following.stderr if "execution" in line)
        _until(lambda: server.calls.count("sagemaker:ListPipelineExecutionSteps") > 1)
        following.send_signal(signal.SIGINT)
        out, err = following.communicate(timeout=300)
    assert following.returncode == 130
    document = json.loads(out)
    identity = document["execution"]
    assert document["status"] == "Executing"
    assert f"mlops-new stop {identity} --platform sagemaker" in err

    refused = mlops_new("destroy", NAME, "--purge", "--yes", "--json", "-C", build.parent)
    assert refused.code == 3
    assert f"{NAME}-build/{identity}" in refused.document["error"]["message"]

    command("stop", identity, "-C", build)
    stopped = mlops_new("run", "--resume", identity, "-C", build, "--no-wait")
    assert stopped.code == 0
    assert mlops_new("stop", "nobodys", "-C", build).code == 2
    command("stop", identity, "-C", build)


@pytest.mark.slow
def test_what_is_not_in_the_image_does_not_run(server: AwsServer, build: Path) -> None:
    (build / "new.txt").write_text("not committed", encoding="utf-8")
    ended = mlops_new("run", "-C", build)
    (build / "new.txt").unlink()
    assert ended.code == 2
    assert "changes that are not committed" in ended.err
    assert "--platform local" in ended.err


@pytest.mark.slow
def test_another_definition_than_the_registered_one_is_not_put_in_its_place(server: AwsServer, build: Path) -> None:
    file = build / "pipeline.json"
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.replace('"DefaultValue": "unknown"', '"DefaultValue": "changed"'), encoding="utf-8")
    server.calls.clear()
    ended = mlops_new("run", "-C", build, "-p", "ImageUri=any", "--json")
    file.write_text(whole, encoding="utf-8")
    assert ended.code == 3
    assert "default unknown → changed" in ended.document["error"]["message"]
    assert not {"sagemaker:UpdatePipeline", "sagemaker:StartPipelineExecution"} & set(server.calls)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("environ", "code", "said", "hint"),
    [
        ({"AWS_REGION": "us-east-1"}, 2, "there is no bucket mlops-new-123456789012-us-east-1", "bootstrap"),
        ({"AWS_REGION": ""}, 2, "no region", "AWS_REGION"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, 4, "no credentials", "aws sso login"),
        ({"AWS_PROFILE": "nobodys"}, 2, "nobodys", "AWS_PROFILE"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, 5, "does not answer", "the same command"),
    ],
)
def test_an_account_that_cannot_be_reached(
    server: AwsServer, build: Path, environ: dict[str, str], code: int, said: str, hint: str
) -> None:
    ended = mlops_new("run", "-C", build, "--json", env=environ)
    assert ended.code == code, ended.err
    told = ended.document["error"]
    assert said in told["message"]
    assert hint in told["hint"]
    assert ended.err.count("\n") == 2


@pytest.mark.slow
def test_a_pipeline_of_our_name_that_is_not_ours(server: AwsServer, build: Path) -> None:
    server.client("sagemaker").create_pipeline(
        PipelineName="theirs-build", RoleArn="arn:aws:iam::123456789012:role/any", PipelineDefinition="{}",
        ClientRequestToken="0" * 32,
    )  # fmt: skip
    ended = mlops_new("project", "theirs", "--yes", "-C", build.parent, "--json")
    assert ended.code == 3
    assert "pipeline theirs-build exists and was not made for this project" in ended.document["error"]["message"]
    assert not (build.parent / "theirs-build").exists()


@pytest.mark.slow
def test_a_role_that_does_not_exist_is_told_and_later_it_is_finished(server: AwsServer, build: Path) -> None:
    server.faults.append(Fault("sagemaker:CreatePipeline", Kind.NO_ROLE))
    ended = mlops_new("project", "later", "--yes", "-C", build.parent, "--json")
    assert ended.code == 2
    assert "cannot use the execution role" in ended.document["error"]["message"]
    assert "mlops-new bootstrap" in ended.document["error"]["hint"]
    server.faults.clear()
    command("project", "later", "--yes", "-C", build.parent)
    assert command("status", "later", "-C", build.parent).document["in_sync"]


def test_the_program_starts_without_what_it_may_not_need() -> None:
    heavy = {"boto3", "botocore", "copier", "atlassian", "requests", "http.server"}
    code = f"""if True:
        import sys
        from mlops_new.__main__ import main
        sys.argv = ["mlops-new", "--help"]
        try:
            main()
        except SystemExit:
            print(sorted({heavy} & sys.modules.keys()))
    """
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def _until(told: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not told():
        assert time.monotonic() < deadline
        time.sleep(0.05)
