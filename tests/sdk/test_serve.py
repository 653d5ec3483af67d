"""The SageMaker SDK, unmodified, makes, runs and follows a pipeline on `mlops-new serve`."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from tests.aws_api.program import serve
from tests.platforms.local.conftest import repository, silent

from mlops_new.platforms.local.engine import Engine

pytestmark = pytest.mark.slow

SCRIPT = """
import json, os, sys
from botocore.exceptions import WaiterError
from sagemaker.core.processing import Processor
from sagemaker.core.shapes import ProcessingOutput, ProcessingS3Output
from sagemaker.core.workflow.parameters import ParameterString
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.steps import ProcessingStep

role, bucket = "arn:aws:iam::000000000000:role/anybody", "sdk-bucket"
session = PipelineSession(default_bucket=bucket)
image, code = ParameterString("ImageUri"), ParameterString("Code", default_value="print('done')")
there = ProcessingOutput(
    output_name="table",
    s3_output=ProcessingS3Output(
        s3_uri=f"s3://{bucket}/table", local_path="/opt/ml/processing/output/table", s3_upload_mode="EndOfJob"
    ),
)

def step(name, depends_on=None):
    processor = Processor(
        role=role, image_uri=image, instance_count=1, instance_type="ml.m5.large", volume_size_in_gb=1,
        entrypoint=["python3", "-c", code], sagemaker_session=session,
    )
    return ProcessingStep(name=name, step_args=processor.run(outputs=[there]), depends_on=depends_on)

pipeline = Pipeline(
    name="from-the-sdk", parameters=[image, code], steps=[step("One"), step("Two", ["One"])],
    sagemaker_session=session, pipeline_experiment_config=None,
)
pipeline.upsert(role_arn=role, tags=[{"Key": "team", "Value": "a"}])
pipeline.upsert(role_arn=role, description="again", tags=[{"Key": "more", "Value": "b"}])
told = {"description": pipeline.describe()["PipelineDescription"]}
good = pipeline.start(parameters={"ImageUri": sys.argv[1]}, execution_display_name="good")
good.wait(delay=1)
told["good"] = good.describe()["PipelineExecutionStatus"]
told["steps"] = [[one["StepName"], one["StepStatus"]] for one in good.list_steps()]
told["parameters"] = {one["Name"]: one["Value"] for one in good.list_parameters()["PipelineParameters"]}
bad = pipeline.start(parameters={"ImageUri": sys.argv[1], "Code": "raise SystemExit('out of apples')"})
try:
    bad.wait(delay=1)
except WaiterError:
    told["bad"] = bad.describe()["FailureReason"]
slow = pipeline.start(parameters={"ImageUri": sys.argv[1], "Code": "import time; time.sleep(600)"})
slow.stop()
client = session.sagemaker_client
told["tags"] = client.list_tags(ResourceArn=pipeline.describe()["PipelineArn"])["Tags"]
told["executions"] = len(pipeline.list_executions()["PipelineExecutionSummaries"])
print(json.dumps(told))
"""


def test_the_sdk_runs_pipelines_on_this_machine(sdk_python: str, tmp_path: Path) -> None:
    platform = Engine(tmp_path / "home")
    image = platform.stores.images.build(repository(tmp_path / "repository"), project="tests", notify=silent)
    server = serve(tmp_path / "home")
    try:
        done = subprocess.run(
            [sdk_python, "-c", SCRIPT, image.uri],
            # Roles are IAM's, which is not here. From a region that it does not know, the SDK sends no telemetry.
            env={**os.environ, **server.environment, "SAGEMAKER_VALIDATE_ROLE": "false", "AWS_REGION": "offline-1"}
            | {"AWS_DEFAULT_REGION": "offline-1"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        assert server.end() == 0
        platform.close()
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["description"] == "again"
    assert told["good"] == "Succeeded"
    assert told["steps"] == [["Two", "Succeeded"], ["One", "Succeeded"]]
    assert told["parameters"] == {"ImageUri": image.uri, "Code": "print('done')"}
    assert "out of apples" in told["bad"]
    assert {tag["Key"] for tag in told["tags"]} == {"team", "more"}
    assert told["executions"] == 3
