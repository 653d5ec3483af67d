"""Model packages and their groups, by an unmodified client."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.aws_api.program import Served, refused
from tests.platforms.local.conftest import Local

SPECIFICATION = {
    "Containers": [{"Image": "mlops-new.local/a:b", "ModelDataUrl": "s3://mlops-new/model.tar.gz"}],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}


def register(sagemaker: Any, group: str, **more: Any) -> str:
    made = sagemaker.create_model_package(ModelPackageGroupName=group, InferenceSpecification=SPECIFICATION, **more)
    return str(made["ModelPackageArn"])


def versions(sagemaker: Any, **wanted: Any) -> list[int]:
    pages = sagemaker.get_paginator("list_model_packages").paginate(PaginationConfig={"PageSize": 2}, **wanted)
    return [package["ModelPackageVersion"] for page in pages for package in page["ModelPackageSummaryList"]]


def test_groups(sagemaker: Any) -> None:
    made = sagemaker.create_model_package_group(
        ModelPackageGroupName="groups-b", ModelPackageGroupDescription="b", Tags=[{"Key": "k", "Value": "v"}]
    )
    # The words that Airflow's operator looks for.
    with refused("ValidationException", "Model Package Group already exists"):
        sagemaker.create_model_package_group(ModelPackageGroupName="groups-b")
    described = sagemaker.describe_model_package_group(ModelPackageGroupName=made["ModelPackageGroupArn"])
    assert (described["ModelPackageGroupDescription"], described["ModelPackageGroupStatus"]) == ("b", "Completed")
    assert sagemaker.list_tags(ResourceArn=made["ModelPackageGroupArn"])["Tags"] == [{"Key": "k", "Value": "v"}]
    for name in ("groups-a", "groups-c"):
        sagemaker.create_model_package_group(ModelPackageGroupName=name)

    def names(**wanted: Any) -> list[str]:
        pages = sagemaker.get_paginator("list_model_package_groups").paginate(
            NameContains="groups-", PaginationConfig={"PageSize": 2}, **wanted
        )
        return [group["ModelPackageGroupName"] for page in pages for group in page["ModelPackageGroupSummaryList"]]

    assert names() == ["groups-b", "groups-a", "groups-c"]
    assert names(SortBy="Name", SortOrder="Descending") == ["groups-c", "groups-b", "groups-a"]
    register(sagemaker, "groups-b")
    with refused("ConflictException", "holds 1 model packages"):
        sagemaker.delete_model_package_group(ModelPackageGroupName="groups-b")
    sagemaker.delete_model_package_group(ModelPackageGroupName="groups-c")
    with refused("ValidationException", "does not exist"):
        sagemaker.describe_model_package_group(ModelPackageGroupName="groups-c")


def test_versions_are_approved_found_and_deleted(served: Served, sagemaker: Any, local: Local) -> None:
    with refused("ValidationException", "does not exist"):
        register(sagemaker, "versions")
    sagemaker.create_model_package_group(ModelPackageGroupName="versions")
    arns = [register(sagemaker, "versions", ModelPackageDescription=str(number)) for number in range(3)]
    assert register(sagemaker, "versions", ClientToken="t" * 36) == register(
        sagemaker, "versions", ClientToken="t" * 36
    )
    assert versions(sagemaker, ModelPackageGroupName="versions") == [1, 2, 3, 4]
    assert versions(sagemaker, ModelPackageGroupName="versions", SortOrder="Descending", SortBy="Name") == [4, 3, 2, 1]

    sagemaker.update_model_package(ModelPackageArn=arns[1], ModelApprovalStatus="Approved", ApprovalDescription="fine")
    sagemaker.update_model_package(ModelPackageArn=arns[1], CustomerMetadataProperties={"a": "1", "b": "2"})
    sagemaker.update_model_package(ModelPackageArn=arns[1], CustomerMetadataPropertiesToRemove=["a"])
    described = sagemaker.describe_model_package(ModelPackageName=arns[1])
    assert (described["ModelApprovalStatus"], described["ApprovalDescription"]) == ("Approved", "fine")
    assert described["CustomerMetadataProperties"] == {"b": "2"}
    assert described["InferenceSpecification"] == SPECIFICATION
    assert versions(sagemaker, ModelPackageGroupName="versions", ModelApprovalStatus="Approved") == [2]
    assert local.platform.stores.models.model_package("versions", 2).status == "Approved"
    local.platform.stores.models.set_approval("versions", 2, "Rejected")
    assert sagemaker.describe_model_package(ModelPackageName=arns[1])["ModelApprovalStatus"] == "Rejected"

    several = sagemaker.batch_describe_model_package(ModelPackageArnList=[arns[0], arns[0][:-1] + "99"])
    assert several["ModelPackageSummaries"][arns[0]]["ModelPackageVersion"] == 1
    assert list(several["BatchDescribeModelPackageErrorMap"]) == [arns[0][:-1] + "99"]

    sagemaker.delete_model_package(ModelPackageName=arns[0][:-1] + "4")
    with refused("ValidationException", "does not exist"):
        sagemaker.describe_model_package(ModelPackageName=arns[0][:-1] + "4")
    assert register(sagemaker, "versions").endswith("/5")  # a number is never given twice
    assert versions(sagemaker, ModelPackageGroupName="versions") == [1, 2, 3, 5]
    assert not versions(sagemaker, ModelPackageGroupName="nobodys")
    assert not versions(sagemaker, ModelPackageType="Unversioned")
    assert not versions(sagemaker)  # SageMaker lists the unversioned ones where nothing is said
    assert not versions(sagemaker, NameContains="versions")
    for kind in ("Versioned", "Both"):
        assert versions(sagemaker, ModelPackageType=kind, NameContains="versions") == [1, 2, 3, 5]
    with refused("ValidationException", "CertifyForMarketplace"):
        register(sagemaker, "versions", CertifyForMarketplace=True)
    with refused("ValidationException", "not redacted"):
        sagemaker.describe_model_package(ModelPackageName=arns[0], IncludedData="MetadataOnly")
    assert sagemaker.describe_model_package(ModelPackageName=arns[0], IncludedData="AllData")
    clients = [served.client("sagemaker") for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(lambda client: register(client, "versions"), clients))) == 3


def test_what_is_no_version_is_refused(sagemaker: Any) -> None:
    with refused("ValidationException", "ModelPackageName"):
        sagemaker.create_model_package(ModelPackageName="alone", InferenceSpecification=SPECIFICATION)
    with refused("ValidationException", "needed"):
        sagemaker.create_model_package(ModelPackageGroupName="groups-a")
    with refused("ValidationException", "not a version"):
        sagemaker.describe_model_package(ModelPackageName="alone")
    with refused("ValidationException", "twice"):
        twice = [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]
        sagemaker.create_model_package_group(ModelPackageGroupName="twice", Tags=twice)
    assert not sagemaker.list_model_package_groups(NameContains="twice")["ModelPackageGroupSummaryList"]
