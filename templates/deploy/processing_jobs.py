"""The jobs around the inference pipeline, which the parent Airflow DAG and `mlops-new run` start.

    python3 processing_jobs.py preprocess < known.json      CreateProcessingJob's request for that job
    python3 processing_jobs.py rows < known.json            where preprocessing leaves what the pipeline takes

They run the same scripts in the same image, on the same inputs, as the steps of a pipeline that does it all itself.
What they are told is a JSON object: the pipeline's parameters by name; `name`, which tells one preprocessing from
another; and, once the pipeline has run, `Execution` (its id) and `Started`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Known = dict[str, str]
Request = dict[str, Any]

CONFIG = tomllib.loads((Path(__file__).parent / "config.toml").read_text(encoding="utf-8"))
PROJECT = CONFIG["project"]["name"]
LONGEST_PROJECT = 24  # of a job's 63 characters; the rest says what it does, for which date, and which attempt it is
VOLUME_GB = 30
MAX_SECONDS = 4 * 60 * 60


def rows(known: Known) -> Known:
    """Where preprocessing leaves its rows, as the inference pipeline's parameters, and those that it could not use."""
    folder = f"s3://{known['Bucket']}/{PROJECT}/preprocessed/{known['name']}"
    return {
        "TransformInputUri": f"{folder}/transform_input",
        "BatchUri": f"{folder}/batch",
        "QuarantineUri": f"{folder}/quarantine",
    }


def preprocess(known: Known) -> Request:
    """Select and clean the rows to forecast, and make the model's columns for them."""
    places = rows(known)
    return _request(
        f"preprocess-{known['name']}",
        _script("preprocess"),
        known,
        inputs={"raw": known["InputDataUri"], "code": known["CodeUri"], "model": known["ModelDataUrl"]},
        outputs={
            "transform_input": places["TransformInputUri"],
            "batch": places["BatchUri"],
            "quarantine": places["QuarantineUri"],
        },
    )


def postprocess(known: Known) -> Request:
    """Make predictions of the model's answers, and decide whether to retrain."""
    execution = known["Execution"]
    return _request(
        f"postprocess-{execution}",
        _script("postprocess"),
        known,
        inputs={
            "transformed": _left(known, "transformed"),
            "batch": rows(known)["BatchUri"],
            "quarantine": rows(known)["QuarantineUri"],
            "code": known["CodeUri"],
            "data_quality": _left(known, "data_quality"),
            "known": known["AttributionBaselineUri"],
            "history": known["HistoryUri"],
            "attribution": _left(known, "attribution"),
        },
        outputs={
            "predictions": f"s3://{known['Bucket']}/{PROJECT}/predictions/{execution}",
            "withheld": _left(known, "withheld"),
            "forecasts": _forecasts(known),
            "decision": _left(known, "decision"),
        },
        arguments=[
            *(*_origin(known), "--decide", "--trained", known["ModelCreated"]),
            *("--waiting", known.get("PendingModelPackage", "none")),
        ],
    )


def report(known: Known) -> Request:
    """Say on one page what was found, decided and predicted."""
    return _request(
        f"report-{known['Execution']}",
        ["python3", "-m", "monitoring.report", "--inference"],
        known,
        inputs={
            **{check: _left(known, check) for check in ("data_quality", "attribution")},
            "forecasts": _forecasts(known),
            "history": known["HistoryUri"],
            "quarantine": rows(known)["QuarantineUri"],
            "baseline": known["DataQualityBaselineUri"],
            "decision": _left(known, "decision"),
        },
        outputs={"report": f"{known['HistoryUri']}/inference/{known['Execution']}/report"},
        arguments=_origin(known),
    )


def _left(known: Known, name: str) -> str:
    """Where an execution of the inference pipeline leaves, or would leave, something."""
    return f"s3://{known['Bucket']}/{PROJECT}/inference/{known['Execution']}/{name}"


def _forecasts(known: Known) -> str:
    """Where postprocessing leaves the check of the forecasts, for later runs to look back on."""
    return f"{known['HistoryUri']}/inference/{known['Execution']}/forecasts"


def _origin(known: Known) -> list[str]:
    return [
        *("--model-package", known["ModelPackageArn"], "--execution", known["Execution"]),
        *("--created", known["Started"], "--input", known["InputDataUri"], "--commit", known["Commit"]),
    ]


def _script(name: str) -> list[str]:
    return ["python3", f"/opt/ml/processing/input/code/steps/{name}.py"]


def _request(
    name: str,
    command: Sequence[str],
    known: Known,
    *,
    inputs: Mapping[str, str],
    outputs: Mapping[str, str],
    arguments: Sequence[str] = (),
) -> Request:
    application = {"ImageUri": known["ImageUri"], "ContainerEntrypoint": list(command)}
    machine = CONFIG["instances"]["processing"]
    return {
        "ProcessingJobName": f"{_short(PROJECT)}-{name}",
        "RoleArn": known["ExecutionRoleArn"],
        "AppSpecification": {**application, **({"ContainerArguments": list(arguments)} if arguments else {})},
        "ProcessingInputs": [_input(key, uri) for key, uri in inputs.items()],
        "ProcessingOutputConfig": {"Outputs": [_output(key, uri) for key, uri in outputs.items()]},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": machine, "VolumeSizeInGB": VOLUME_GB}
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": MAX_SECONDS},
    }


def _short(project: str) -> str:
    """A project's name, cut where it is long; a hash keeps those apart that begin alike."""
    if len(project) <= LONGEST_PROJECT:
        return project
    mark = hashlib.sha256(project.encode()).hexdigest()[:6]
    return f"{project[: LONGEST_PROJECT - len(mark) - 1].rstrip('-')}-{mark}"


def _input(name: str, uri: str) -> Request:
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": f"/opt/ml/processing/input/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "S3CompressionType": "None",
        },
    }


def _output(name: str, uri: str) -> Request:
    local = f"/opt/ml/processing/output/{name}"
    return {"OutputName": name, "S3Output": {"S3Uri": uri, "LocalPath": local, "S3UploadMode": "EndOfJob"}}


ANSWERS: Mapping[str, Callable[[Known], Request]] = {
    "rows": rows,
    "preprocess": preprocess,
    "postprocess": postprocess,
    "report": report,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print an answer, or one line that says what was not told."""
    parser = argparse.ArgumentParser(description="Print the request for a processing job around the pipeline.")
    parser.add_argument("what", choices=ANSWERS)
    what = parser.parse_args(arguments).what
    try:
        answer = ANSWERS[what](json.loads(sys.stdin.read()))
    except (json.JSONDecodeError, TypeError) as error:
        return _fail(f"stdin is not a JSON object: {error}")
    except KeyError as error:
        return _fail(f"{what} has to be told {error.args[0]}")
    sys.stdout.write(json.dumps(answer, indent=2, sort_keys=True) + "\n")
    return 0


def _fail(message: str) -> int:
    sys.stderr.write(f"processing_jobs: {message}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
