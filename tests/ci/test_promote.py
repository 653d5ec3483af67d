"""`ci.promote`: an approved model package goes to the next account with all that belongs to it, once."""

import hashlib
import json
from typing import Any

import pytest

from tests.ci.aws import REGION, Aws, Fault
from tests.ci.conftest import PROJECT, STAGING, TRAINED, Ci, role

SOURCE, TARGET = (f"mlops-new-{account}-{REGION}" for account in (TRAINED, STAGING))
FILES = {
    "artifacts/job/output/model.tar.gz": b"a model",
    "evaluation/evaluation.json": b"{}",
    "data_quality/statistics.json": b"statistics",
    "data_quality/constraints.json": b"constraints",
    "data_quality/windows/1.json": b"what lies beside them",
    "model_quality/constraints.json": b"quality",
    "attribution/analysis.json": b"attribution",
}
BLOBS = [b"configuration", b"first layer", b"second layer"]
METADATA = {"commit": "c" * 40, "data": "s3://somewhere", "execution": "abc"}


def uri(name: str) -> str:
    return f"s3://{SOURCE}/{PROJECT}/build/abc/{name}"


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def document(name: str) -> dict[str, str]:
    return {"ContentType": "application/json", "S3Uri": uri(name)}


@pytest.fixture(scope="module")
def trained(aws: Aws) -> str:
    """The ARN of version 2 of the model in the account where it was trained, approved; version 1 is not."""
    push_image(aws.client("ecr", TRAINED), f"{PROJECT}-{'c' * 40}")
    s3 = aws.client("s3", TRAINED)
    for name, content in FILES.items():
        s3.put_object(Bucket=SOURCE, Key=f"{PROJECT}/build/abc/{name}", Body=content)
    sagemaker = aws.client("sagemaker", TRAINED)
    arns = [create_package(sagemaker, status) for status in ("PendingManualApproval", "Approved")]
    return arns[1]


def push_image(ecr: Any, tag: str) -> None:
    for blob in BLOBS:
        upload = ecr.initiate_layer_upload(repositoryName="mlops-new")["uploadId"]
        about = {"repositoryName": "mlops-new", "uploadId": upload}
        ecr.upload_layer_part(**about, partFirstByte=0, partLastByte=len(blob) - 1, layerPartBlob=blob)
        ecr.complete_layer_upload(**about, layerDigests=[digest(blob)])
    configuration, *layers = [{"digest": digest(blob), "size": len(blob)} for blob in BLOBS]
    manifest = {"schemaVersion": 2, "mediaType": KIND, "config": configuration, "layers": layers}
    ecr.put_image(
        repositoryName="mlops-new", imageManifest=json.dumps(manifest), imageManifestMediaType=KIND, imageTag=tag
    )


KIND = "application/vnd.docker.distribution.manifest.v2+json"


def create_package(sagemaker: Any, status: str) -> str:
    container = {
        "Image": f"{TRAINED}.dkr.ecr.{REGION}.amazonaws.com/mlops-new:{PROJECT}-{'c' * 40}",
        "ModelDataUrl": uri("artifacts/job/output/model.tar.gz"),
    }
    made = sagemaker.create_model_package(
        ModelPackageGroupName=group(sagemaker),
        ModelApprovalStatus=status,
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        ModelMetrics={"ModelQuality": {"Statistics": document("evaluation/evaluation.json")}},
        DriftCheckBaselines={
            "ModelDataQuality": {
                "Statistics": document("data_quality/statistics.json"),
                "Constraints": document("data_quality/constraints.json"),
            },
            "ModelQuality": {"Constraints": document("model_quality/constraints.json")},
            "Explainability": {"Constraints": document("attribution/analysis.json")},
        },
        CustomerMetadataProperties=METADATA,
    )
    return str(made["ModelPackageArn"])


def group(sagemaker: Any) -> str:
    if not sagemaker.list_model_package_groups(NameContains=PROJECT)["ModelPackageGroupSummaryList"]:
        sagemaker.create_model_package_group(ModelPackageGroupName=PROJECT)
    return PROJECT


def promote(deploy: Ci, *arguments: str, **variables: str) -> Any:
    given = {"MLOPS_SOURCE_ROLE_ARN": role(TRAINED), **variables}
    return deploy.run("promote", *arguments, account=STAGING, **given)


def versions(aws: Aws) -> list[dict[str, Any]]:
    sagemaker = aws.client("sagemaker", STAGING)
    listed = sagemaker.list_model_packages(ModelPackageGroupName=PROJECT)["ModelPackageSummaryList"]
    return [sagemaker.describe_model_package(ModelPackageName=one["ModelPackageArn"]) for one in listed]


def uris(value: Any) -> list[str]:
    match value:
        case {"S3Uri": str(found)}:
            return [found]
        case dict():
            return [found for member in value.values() for found in uris(member)]
        case _:
            return []


@pytest.mark.slow
def test_a_model_goes_to_the_next_account_whole_and_once(deploy: Ci, trained: str) -> None:
    # Cut off when everything is copied: the same command finishes it.
    deploy.aws.faults["CreateModelPackage"] = [Fault("AccessDeniedException", "not yet")]
    assert promote(deploy).returncode == 1
    deploy.aws.forget()
    done = promote(deploy)
    assert (done.returncode, done.stderr) == (0, "")
    assert not {"PutObject", "UploadLayerPart"} & set(deploy.aws.calls), "what was copied was copied again"
    (package,) = versions(deploy.aws)
    day = str(package["CreationTime"])[:10]
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert package["CustomerMetadataProperties"] == {**METADATA, "promoted_from": trained, "model_created": day}
    (container,) = package["InferenceSpecification"]["Containers"]
    assert container["Image"] == f"{STAGING}.dkr.ecr.{REGION}.amazonaws.com/mlops-new:{PROJECT}-{'c' * 40}"
    check_copies(deploy.aws, [container["ModelDataUrl"], *uris(package["ModelMetrics"])], package)
    check_image(deploy.aws)
    deploy.aws.forget()
    again = promote(deploy, "--version", "2")
    assert again.stdout == f"version 2 of account {TRAINED} is version 1 here already\n"
    assert not {"CreateModelPackage", "PutObject", "PutImage"} & set(deploy.aws.calls)


def check_copies(aws: Aws, others: list[str], package: dict[str, Any]) -> None:
    s3 = aws.client("s3", STAGING)
    copies = [*others, *uris(package["DriftCheckBaselines"])]
    assert all(one.startswith(f"s3://{TARGET}/{PROJECT}/promoted/") for one in copies)
    contents = [s3.get_object(Bucket=TARGET, Key=one.split("/", 3)[3])["Body"].read() for one in copies]
    assert sorted(contents) == sorted(content for name, content in FILES.items() if "windows" not in name)
    statistics = package["DriftCheckBaselines"]["ModelDataQuality"]["Statistics"]["S3Uri"]
    beside = f"{statistics.rpartition('/')[0].split('/', 3)[3]}/windows/1.json"
    assert s3.get_object(Bucket=TARGET, Key=beside)["Body"].read() == FILES["data_quality/windows/1.json"]


def check_image(aws: Aws) -> None:
    found = [
        aws.client("ecr", account).batch_get_image(
            repositoryName="mlops-new", imageIds=[{"imageTag": f"{PROJECT}-{'c' * 40}"}]
        )["images"][0]
        for account in (TRAINED, STAGING)
    ]
    assert found[0]["imageId"]["imageDigest"] == found[1]["imageId"]["imageDigest"]
    there = aws.client("ecr", STAGING).batch_check_layer_availability(
        repositoryName="mlops-new", layerDigests=[digest(blob) for blob in BLOBS]
    )
    assert [one["layerAvailability"] for one in there["layers"]] == ["AVAILABLE"] * len(BLOBS)


def test_inference_starts_there_when_somebody_has_approved(deploy: Ci, trained: str) -> None:
    del trained
    promote(deploy)
    assert deploy.run("register", account=STAGING).returncode == 0
    waiting = deploy.run("start", "inference", account=STAGING)
    assert (waiting.returncode, "no model of fresh-sales is approved" in waiting.stderr) == (1, True)
    (package,) = versions(deploy.aws)
    deploy.aws.client("sagemaker", STAGING).update_model_package(
        ModelPackageArn=package["ModelPackageArn"], ModelApprovalStatus="Approved"
    )
    done = deploy.run("start", "inference", "--every", "0.01", account=STAGING)
    assert (done.returncode, done.stderr) == (0, "")
    request = deploy.aws.requests["StartPipelineExecution"][-1]
    values = {one["Name"]: one["Value"] for one in request["PipelineParameters"]}
    assert values["ModelPackageArn"] == package["ModelPackageArn"]
    assert values["ImageUri"].startswith(f"{STAGING}.dkr.ecr.")
    code = values["CodeUri"].split("/", 3)[3]
    listed = deploy.aws.client("s3", STAGING).list_objects_v2(Bucket=TARGET, Prefix=f"{code}/")["Contents"]
    assert {f"{code}/steps/preprocess.py", f"{code}/config.toml"} <= {one["Key"] for one in listed}


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        (["--version", "1"], {}, "version 1 of fresh-sales is PendingManualApproval: approve it in the account"),
        (["--version", "9"], {}, "there is no version 9 of fresh-sales in the account it comes from; there is: "),
        ([], {"MLOPS_SOURCE_ROLE_ARN": ""}, "the variable MLOPS_SOURCE_ROLE_ARN of this environment is not set"),
        ([], {"MLOPS_SOURCE_ROLE_ARN": role(STAGING)}, f"both roles are of account {STAGING}"),
        (["--source-role", role("999900001111")], {}, "no model of fresh-sales is approved in the account"),
    ],
)
def test_what_cannot_be_promoted_is_one_line(
    deploy: Ci, trained: str, arguments: list[str], variables: dict[str, str], message: str
) -> None:
    del trained
    done = promote(deploy, *arguments, **variables)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"ci.promote: {message}")


def test_the_build_repository_takes_its_image_and_pipeline_along(build: Ci, aws: Aws) -> None:
    tag = f"{PROJECT}-{build.commit}"
    push_image(aws.client("ecr", TRAINED), tag)
    for told in ("copied from account", "is there already"):
        done = build.run("images", account=STAGING, MLOPS_SOURCE_ROLE_ARN=role(TRAINED))
        assert (done.returncode, done.stderr) == (0, "")
        assert told in done.stdout
    found = aws.client("ecr", STAGING).describe_images(repositoryName="mlops-new", imageIds=[{"imageTag": tag}])
    assert len(found["imageDetails"]) == 1
