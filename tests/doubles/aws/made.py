"""What a stack's resources are in the account: made and taken away in moto, by the calls that CloudFormation makes."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

ACCOUNT = "123456789012"

Clients = Callable[[str], Any]
Properties = Mapping[str, Any]


class Making:
    """Makes resources in an account and knows what templates may ask of them.

    Args:
        client: A boto client of a service.
        region: The region.
    """

    def __init__(self, client: Clients, region: str) -> None:
        self._client = client
        self._region = region

    def make(self, kind: str, properties: Properties) -> None:
        """Make one; what exists already is made as it should be only where `exists` was asked before."""
        getattr(self, f"_make_{_name(kind)}")(properties)

    def take(self, kind: str, properties: Properties) -> None:
        """Take one away; gone is fine."""
        try:
            getattr(self, f"_take_{_name(kind)}")(properties)
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"NoSuchEntity", "NoSuchBucket", "NoSuchBucketPolicy"}:
                raise

    def exists(self, kind: str, properties: Properties) -> bool:
        """Whether there is one of that name already."""
        looks: Mapping[str, Callable[[], object]] = {
            "AWS::S3::Bucket": lambda: self._client("s3").head_bucket(Bucket=properties["BucketName"]),
            "AWS::ECR::Repository": lambda: self._client("ecr").describe_repositories(
                repositoryNames=[properties["RepositoryName"]]
            ),
            "AWS::IAM::Role": lambda: self._client("iam").get_role(RoleName=properties["RoleName"]),
            "AWS::IAM::OIDCProvider": lambda: self._client("iam").get_open_id_connect_provider(
                OpenIDConnectProviderArn=provider_arn(properties)
            ),
        }
        try:
            return kind in looks and bool(looks[kind]())
        except ClientError:
            return False

    def attribute(self, kind: str, properties: Properties, name: str) -> str:
        """What `Fn::GetAtt` gives."""
        match kind, name:
            case "AWS::S3::Bucket", "Arn":
                return f"arn:aws:s3:::{properties['BucketName']}"
            case "AWS::ECR::Repository", "Arn":
                return f"arn:aws:ecr:{self._region}:{ACCOUNT}:repository/{properties['RepositoryName']}"
            case "AWS::ECR::Repository", "RepositoryUri":
                return f"{ACCOUNT}.dkr.ecr.{self._region}.amazonaws.com/{properties['RepositoryName']}"
            case "AWS::KMS::Key", "Arn":
                return f"arn:aws:kms:{self._region}:{ACCOUNT}:key/{KEY}"
            case _:
                raise KeyError((kind, name))

    def reference(self, kind: str, properties: Properties) -> str:
        """What `Ref` gives."""
        match kind:
            case "AWS::S3::Bucket":
                return str(properties["BucketName"])
            case "AWS::IAM::Role":
                return str(properties["RoleName"])
            case "AWS::KMS::Key":
                return KEY
            case "AWS::IAM::ManagedPolicy":
                return f"arn:aws:iam::{ACCOUNT}:policy/{properties['ManagedPolicyName']}"
            case _:
                raise KeyError(kind)

    def _make_s3_bucket(self, properties: Properties) -> None:
        s3, bucket = self._client("s3"), properties["BucketName"]
        if not self.exists("AWS::S3::Bucket", properties):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": self._region})
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=properties["VersioningConfiguration"])
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": properties["Tags"]})
        s3.put_public_access_block(
            Bucket=bucket, PublicAccessBlockConfiguration=properties["PublicAccessBlockConfiguration"]
        )

    def _take_s3_bucket(self, properties: Properties) -> None:
        self._client("s3").delete_bucket(Bucket=properties["BucketName"])

    def _make_s3_bucketpolicy(self, properties: Properties) -> None:
        """Moto obeys bucket policies without their conditions: what is denied without TLS would be denied always."""

    _take_s3_bucketpolicy = _make_s3_bucketpolicy

    def _make_ecr_repository(self, properties: Properties) -> None:
        if not self.exists("AWS::ECR::Repository", properties):
            self._client("ecr").create_repository(
                repositoryName=properties["RepositoryName"],
                tags=properties["Tags"],
                imageTagMutability=properties["ImageTagMutability"],
            )

    def _take_ecr_repository(self, properties: Properties) -> None:
        self._client("ecr").delete_repository(repositoryName=properties["RepositoryName"])

    def _make_kms_key(self, properties: Properties) -> None:
        """A key is only an id to whoever uses it."""

    _take_kms_key = _make_kms_key
    _make_kms_alias = _make_kms_key
    _take_kms_alias = _make_kms_key

    def _make_iam_role(self, properties: Properties) -> None:
        trust = properties["AssumeRolePolicyDocument"]
        document = trust if isinstance(trust, str) else json.dumps(trust)
        iam, name = self._client("iam"), properties["RoleName"]
        if self.exists("AWS::IAM::Role", properties):
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=document)
        else:
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, Tags=properties["Tags"])

    def _take_iam_role(self, properties: Properties) -> None:
        iam, name = self._client("iam"), properties["RoleName"]
        for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
        for inline in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=inline)
        iam.delete_role(RoleName=name)

    def _make_iam_managedpolicy(self, properties: Properties) -> None:
        self.take("AWS::IAM::ManagedPolicy", properties)
        iam, document = self._client("iam"), json.dumps(properties["PolicyDocument"])
        made = iam.create_policy(PolicyName=properties["ManagedPolicyName"], PolicyDocument=document)
        for role in properties.get("Roles", ()):
            iam.attach_role_policy(RoleName=role, PolicyArn=made["Policy"]["Arn"])

    def _take_iam_managedpolicy(self, properties: Properties) -> None:
        iam, arn = self._client("iam"), f"arn:aws:iam::{ACCOUNT}:policy/{properties['ManagedPolicyName']}"
        for role in iam.list_entities_for_policy(PolicyArn=arn)["PolicyRoles"]:
            iam.detach_role_policy(RoleName=role["RoleName"], PolicyArn=arn)
        iam.delete_policy(PolicyArn=arn)

    def _make_iam_policy(self, properties: Properties) -> None:
        document = json.dumps(properties["PolicyDocument"])
        for role in properties["Roles"]:
            self._client("iam").put_role_policy(
                RoleName=role, PolicyName=properties["PolicyName"], PolicyDocument=document
            )

    def _take_iam_policy(self, properties: Properties) -> None:
        for role in properties["Roles"]:
            self._client("iam").delete_role_policy(RoleName=role, PolicyName=properties["PolicyName"])

    def _make_iam_oidcprovider(self, properties: Properties) -> None:
        self._client("iam").create_open_id_connect_provider(
            Url=properties["Url"], ClientIDList=properties["ClientIdList"], ThumbprintList=[], Tags=properties["Tags"]
        )

    def _take_iam_oidcprovider(self, properties: Properties) -> None:
        self._client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=provider_arn(properties))


KEY = "00000000-1111-4222-8333-444444444444"


def provider_arn(properties: Properties) -> str:
    """The ARN of an OIDC provider."""
    return f"arn:aws:iam::{ACCOUNT}:oidc-provider/{properties['Url'].removeprefix('https://')}"


def _name(kind: str) -> str:
    return kind.removeprefix("AWS::").replace("::", "_").lower()
