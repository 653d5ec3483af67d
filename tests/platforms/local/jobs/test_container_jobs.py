"""What one job sees, and how its end is told."""

import json
import os
import tarfile
from pathlib import Path

import pytest

from tests.platforms.local.conftest import Local, gone, step
from tests.platforms.local.definitions import OUTPUT, definition, get, join, processing, training

LOOK = """
import json, os, sys
from pathlib import Path
root = Path(os.environ["OPT_ML_ROOT"])
seen = {str(p.relative_to(root)): p.read_text() for p in root.rglob("*") if p.is_file()}
seen = {"files": seen, "environment": dict(os.environ), "cwd": os.getcwd(), "argv": sys.argv, "prefix": sys.prefix,
        "group": os.getpgid(0) == os.getpid()}
"""


def test_a_processing_job_sees_sagemakers_files(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "MLOPS_NEW_CONFIG", "PYTHONSTARTUP", "BITBUCKET_API_TOKEN"):
        monkeypatch.setenv(name, "secret")
    local.put("s3://mlops-new/tests/raw/a.csv", "1\n")
    code = f"{LOOK}\n(root / 'processing/output/seen/seen.json').write_text(json.dumps(seen))"
    request = {"Environment": {"WHERE": f"{OUTPUT}/seen", "N": get("Execution.PipelineExecutionId")}}
    execution = local.run(
        definition(
            processing(
                "Look",
                code,
                f"--to={OUTPUT}/seen",
                inputs={"raw": "s3://mlops-new/tests/raw"},
                outputs=("seen",),
                request=request,
            )
        )
    )
    assert execution.status == "Succeeded", execution.reason
    seen = json.loads(local.read(execution, "seen/seen.json"))
    environment = seen["environment"]
    root = environment["OPT_ML_ROOT"]
    assert seen["files"]["processing/input/raw/a.csv"] == "1\n"
    config = json.loads(seen["files"]["config/processingjobconfig.json"])
    assert config["ProcessingInputs"][0]["S3Input"]["LocalPath"] == "/opt/ml/processing/input/raw"
    assert json.loads(seen["files"]["config/resourceconfig.json"])["hosts"] == ["algo-1"]
    assert environment["WHERE"] == f"{root}/processing/output/seen"
    assert seen["argv"] == ["-c", f"--to={root}/processing/output/seen"]
    assert (environment["N"], environment["TZ"], environment["HOME"]) == (execution.id, "UTC", os.environ["HOME"])
    assert "secret" not in environment.values()
    assert environment["PATH"].startswith(seen["cwd"] + "/container/bin:")
    assert environment["PYTHONPATH"] == seen["cwd"]
    assert Path(seen["prefix"]).parent == local.platform.stores.home.environments.resolve()
    assert seen["group"]


def test_a_training_job_sees_sagemakers_files_and_leaves_a_model(local: Local) -> None:
    local.put("s3://mlops-new/tests/one/train.csv", "1\n")
    code = f"{LOOK}\n(root / 'model/sub').mkdir()\n(root / 'model/sub/b').write_text('b')\n"
    code += "(root / 'model/a').write_text('a')\n"
    code += "(root / 'output/data/seen.json').write_text(json.dumps(seen))\nprint('loss=0.5;')\nprint('loss=0.25;')"
    step_ = training("Train", code, channels={"train": "s3://mlops-new/tests/one/train.csv"})
    step_["Arguments"]["HyperParameters"] = {"rate": "0.1", "n": join(get("Parameters.N"))}
    step_["Arguments"]["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "loss", "Regex": "loss=([0-9.]+);"}]
    text = definition(step_, N={"Type": "Integer", "DefaultValue": 3})
    models = []
    for _ in range(2):
        execution = local.run(text)
        assert execution.status == "Succeeded", execution.reason
        properties = step(execution, "Train").properties
        models.append(local.platform.stores.objects.path(properties["ModelArtifacts"]["S3ModelArtifacts"]))
        assert properties["FinalMetricDataList"] == [{"MetricName": "loss", "Value": 0.25}]
    assert models[0].name == "model.tar.gz"
    assert models[0] != models[1]
    assert models[0].read_bytes() == models[1].read_bytes()
    with tarfile.open(models[0]) as tar:
        assert tar.getnames() == ["a", "sub/b"]
    with tarfile.open(models[0].with_name("output.tar.gz")) as tar:
        member = tar.extractfile("seen.json")
        assert member is not None
        seen = json.loads(member.read())["files"]
    assert json.loads(seen["input/config/hyperparameters.json"]) == {"rate": "0.1", "n": "3"}
    assert json.loads(seen["input/config/inputdataconfig.json"]) == {
        "train": {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
    }
    assert seen["input/data/train/train.csv"] == "1\n"


def test_a_failed_job_says_why_in_its_own_words(local: Local) -> None:
    code = (
        "import os, sys\nopen(os.environ['OPT_ML_ROOT'] + '/output/failure', 'w').write('too few rows: 3')\nsys.exit(2)"
    )
    assert local.run(definition(training("Train", code))).reason == "step Train failed: too few rows: 3 (exit code 2)"
    code = "import os, pathlib\np = pathlib.Path(os.environ['OPT_ML_ROOT'], 'output')\np.mkdir()\n"
    code += "(p / 'message').write_text('no target')\nraise SystemExit(1)"
    execution = local.run(definition(processing("P", code)))
    assert execution.reason == "step P failed: no target (exit code 1)"
    log = step(execution, "P").log
    assert log is not None
    assert (log.parent / "opt-ml").is_dir(), "what a failed job left is kept to be looked at"


def test_a_job_that_cannot_start_or_takes_too_long(local: Local) -> None:
    nothing = processing("P", "")
    nothing["Arguments"]["AppSpecification"]["ContainerEntrypoint"] = ["no-such-program"]
    assert "no-such-program: No such file" in local.run(definition(nothing)).reason
    slow = processing("P", "import time; time.sleep(600)", request={"StoppingCondition": {"MaxRuntimeInSeconds": 1}})
    assert "longer than MaxRuntimeInSeconds = 1" in local.run(definition(slow)).reason


def test_what_a_job_leaves_running_ends_with_it(local: Local, tmp_path: Path) -> None:
    code = "import subprocess, sys\np = subprocess.Popen(['sleep', '600'])\nopen(sys.argv[1], 'w').write(str(p.pid))"
    assert local.run(definition(processing("P", code, str(tmp_path / "pid")))).status == "Succeeded"
    gone(int((tmp_path / "pid").read_text()))


def test_a_job_cannot_change_an_object_or_the_image(local: Local) -> None:
    uri = local.put("s3://mlops-new/tests/kept/a.csv", "as it was\n")
    code = (
        "import os, pathlib\nf = pathlib.Path(os.environ['OPT_ML_ROOT'], 'processing/input/raw/a.csv')\n"
        "f.chmod(0o777); f.write_text('changed')\n"
        "pathlib.Path('container/bin/train').write_text('changed')\n"
        "pathlib.Path(os.environ['OPT_ML_ROOT'], 'processing/output/out/link.csv').symlink_to(f)"
    )
    execution = local.run(definition(processing("P", code, inputs={"raw": uri}, outputs=("out",))))
    assert execution.status == "Succeeded", execution.reason
    assert local.platform.stores.objects.path(uri).read_text() == "as it was\n"
    assert "changed" not in (local.image.code / "container/bin/train").read_text()
    stored = local.platform.stores.objects.path(f"s3://mlops-new/tests/{execution.id}/out/link.csv")
    assert (stored.is_symlink(), stored.read_text()) == (False, "changed")


def test_an_output_inside_another_one_is_stored_twice(local: Local) -> None:
    code = "import os, pathlib\nr = pathlib.Path(os.environ['OPT_ML_ROOT'], 'processing/output/all/part')\n"
    code += "(r / 'x').write_text('x')"
    step_ = processing("P", code, outputs=("part", "all"))
    part = step_["Arguments"]["ProcessingOutputConfig"]["Outputs"][0]
    part["S3Output"]["LocalPath"] = f"{OUTPUT}/all/part"
    execution = local.run(definition(step_))
    assert (local.read(execution, "part/x"), local.read(execution, "all/part/x")) == ("x", "x")


def test_only_what_a_retry_can_help_is_tried_again(local: Local, tmp_path: Path) -> None:
    policy = [{"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 0, "MaxAttempts": 2}]
    killed = "import os, sys, pathlib\np = pathlib.Path(sys.argv[1])\nn = len(p.read_text()) if p.exists() else 0\n"
    killed += "p.write_text('x' * (n + 1))\nif n < int(sys.argv[2]): os.kill(os.getpid(), 9)"
    counts = [str(tmp_path / name) for name in ("one", "two", "three")]
    execution = local.run(definition(processing("P", killed, counts[0], "2", RetryPolicies=policy)))
    assert (execution.status, step(execution, "P").attempt) == ("Succeeded", 3)
    assert sum("tried again" in notice for notice in local.notices) == 2
    execution = local.run(definition(processing("P", killed, counts[1], "9", RetryPolicies=policy)))
    assert (execution.status, step(execution, "P").attempt) == ("Failed", 3)
    assert "ended by SIGKILL" in execution.reason
    own_fault = "raise SystemExit('bad data')"
    execution = local.run(definition(processing("P", own_fault, RetryPolicies=policy)))
    assert (execution.status, step(execution, "P").attempt) == ("Failed", 1)
    expired = [{"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 61, "ExpireAfterMin": 1}]
    execution = local.run(definition(processing("P", killed, counts[2], "1", RetryPolicies=expired)))
    assert (execution.status, step(execution, "P").attempt) == ("Failed", 1)
