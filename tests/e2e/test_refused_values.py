"""Values that SageMaker would refuse: told before anything is started, here and there, dry or not."""

from pathlib import Path

import pytest

from tests.doubles.aws import AwsServer
from tests.e2e.program import mlops_new
from tests.e2e.test_sagemaker import push_image

NAME = "fresh-sales"
LONG = "s3://mlops-new/" + "x" * 300 + ".csv"


def refused(*arguments: str | Path) -> dict[str, str]:
    ended = mlops_new("run", "--json", *arguments)
    assert ended.code == 2, ended.err
    error: dict[str, str] = ended.document["error"]
    assert len(ended.err.splitlines()[-2:]) == 2
    return error


@pytest.mark.slow
def test_a_long_input_is_refused_before_anything_is_made(somewhere: Path) -> None:
    assert mlops_new("project", NAME, "--yes").code == 0
    build = somewhere / f"{NAME}-build"
    error = refused("--dry-run", "--input", LONG, "-C", build)
    assert "step Report, Arguments.AppSpecification.ContainerArguments[" in error["message"]
    assert "is 319 characters long; at most 256 are allowed" in error["message"]
    assert "nothing was started; give another value for InputDataUri (--input, or -p InputDataUri=…)" in error["hint"]
    error = refused("-p", "Commit=", "--dry-run", "-C", build)
    assert "is empty" in error["message"]
    error = refused("--input", "x" * 300, "-C", build)
    assert error["message"].endswith("… is too long a name for a file")
    (somewhere / "circle").symlink_to(somewhere / "circle")
    assert refused("--input", somewhere / "circle", "-C", build)["message"]
    error = refused("-p", f"InputDataUri={LONG}", "-C", build)  # before the image is made, which takes minutes
    assert "is 319 characters long" in error["message"]


@pytest.mark.slow
def test_on_sagemaker_nothing_is_started_either(
    somewhere: Path, aws: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLOPS_NEW_CONFIG", str(somewhere / "s.toml"))
    (somewhere / "s.toml").write_text('platform = "sagemaker"\n', encoding="utf-8")
    made = mlops_new("project", NAME, "--yes")
    assert made.code == 0, made.err
    build = somewhere / f"{NAME}-build"
    push_image(aws, build)
    aws.calls.clear()
    for dry in ([], ["--dry-run"]):
        error = refused("-p", f"InputDataUri={LONG}", *dry, "-C", build)
        assert "step Report" in error["message"]
    assert "sagemaker:StartPipelineExecution" not in aws.calls
    error = refused("-p", "InputDataUri=s3://b/" + "y" * 1100, "--dry-run", "-C", build)
    assert "parameter InputDataUri: " in error["message"]
    assert "at most 1024 are allowed" in error["message"]
