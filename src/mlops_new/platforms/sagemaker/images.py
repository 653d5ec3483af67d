"""The images that pipelines run: the projects' own in ECR, and Model Monitor's and Clarify's in each region."""

import re
import shlex
from pathlib import Path

from mlops_new.errors import Error, Invalid
from mlops_new.platforms.sagemaker.account import Account
from mlops_new.platforms.sagemaker.aws_errors import Call, absent
from mlops_new.system import git

_BUILT_BY_CI = "CI builds it when `main` is pushed: `git push`, wait for its pipeline, and run the same command again"
_ACCOUNT_AT_HOST = re.compile(r"[^/]+@[^/]+:")
_BUILT_BY_HAND = (
    "`git push` starts no CI, because this repository is hosted on this machine: `{again}` builds and pushes it, with "
    "ci/requirements.txt installed, Docker or buildah, and credentials for the account; then run the same command "
    "again. Or run it here: mlops-new run --platform local"
)

# The accounts that AWS keeps its analyzers in, as the SageMaker Python SDK 3.27.0 of November 2026 lists them.
_MODEL_MONITOR = {
    "af-south-1": "875698925577",
    "ap-east-1": "001633400207",
    "ap-northeast-1": "574779866223",
    "ap-northeast-2": "709848358524",
    "ap-northeast-3": "990339680094",
    "ap-south-1": "126357580389",
    "ap-southeast-1": "245545462676",
    "ap-southeast-2": "563025443158",
    "ap-southeast-3": "669540362728",
    "ca-central-1": "536280801234",
    "cn-north-1": "453000072557",
    "cn-northwest-1": "453252182341",
    "eu-central-1": "048819808253",
    "eu-central-2": "590183933784",
    "eu-north-1": "895015795356",
    "eu-south-1": "933208885752",
    "eu-south-2": "437450045455",
    "eu-west-1": "468650794304",
    "eu-west-2": "749857270468",
    "eu-west-3": "680080141114",
    "il-central-1": "843974653677",
    "me-central-1": "588750061953",
    "me-south-1": "607024016150",
    "sa-east-1": "539772159869",
    "us-east-1": "156813124566",
    "us-east-2": "777275614652",
    "us-isof-east-1": "853188333426",
    "us-isof-south-1": "467912361380",
    "us-west-1": "890145073186",
    "us-west-2": "159807026194",
}
_CLARIFY = {
    "af-south-1": "811711786498",
    "ap-east-1": "098760798382",
    "ap-northeast-1": "377024640650",
    "ap-northeast-2": "263625296855",
    "ap-northeast-3": "912233562940",
    "ap-south-1": "452307495513",
    "ap-southeast-1": "834264404009",
    "ap-southeast-2": "007051062584",
    "ap-southeast-3": "705930551576",
    "ca-central-1": "675030665977",
    "cn-north-1": "122526803553",
    "cn-northwest-1": "122578899357",
    "eu-central-1": "017069133835",
    "eu-central-2": "730335477804",
    "eu-north-1": "763603941244",
    "eu-south-1": "638885417683",
    "eu-west-1": "131013547314",
    "eu-west-2": "440796970383",
    "eu-west-3": "341593696636",
    "me-south-1": "835444307964",
    "sa-east-1": "520018980103",
    "us-east-1": "205585389593",
    "us-east-2": "211330385671",
    "us-gov-west-1": "598674086554",
    "us-isof-east-1": "579539705040",
    "us-isof-south-1": "411392592546",
    "us-west-1": "740489534195",
    "us-west-2": "306415355426",
}


def own_image(account: Account, repository: Path, project: str) -> str:
    """The URI of the image that CI has made of the commit that is checked out.

    Raises:
        Invalid: nothing is committed, or the working copy has changes that no image has.
        Error: CI has not made it, or not yet.
    """
    commit, made = git.commit(repository), _way_to_an_image(repository)
    if commit is None:
        raise Invalid(f"nothing is committed in {repository}", hint=made)
    if commit.dirty:
        raise Invalid(
            f"{repository} has changes that are not committed, and SageMaker runs images of commits",
            hint=f"commit and push them, or add --platform local. {made}",
        )
    tag = f"{project}-{commit.sha}"
    _require(account, tag, made)
    return f"{account.image_repository}:{tag}"


def _way_to_an_image(repository: Path) -> str:
    """What makes the image: CI where the Git host has one, else whoever works here."""
    origin = git.origin(repository) or ""
    if "://" in origin.removeprefix("file://") or _ACCOUNT_AT_HOST.match(origin):
        return _BUILT_BY_CI
    return _BUILT_BY_HAND.format(again=f"cd {shlex.quote(str(repository))} && python3 -m ci.image")


def _require(account: Account, tag: str, made: str) -> None:
    repository = account.settings.ecr_repository
    about = f"repository {repository}"
    named = {"repositoryName": repository}
    if account.find("ecr", "DescribeImages", about=about, **named, imageIds=[{"imageTag": tag}]):
        return
    if account.find("ecr", "DescribeRepositories", about=about, repositoryNames=[repository]) is None:
        raise absent(Call("ecr", "DescribeRepositories", about), "RepositoryNotFoundException", "")
    raise Error(f"there is no image {tag} in {repository}", hint=made)


def analyzer(account: Account, parameter: str) -> str:
    """The image of `ModelMonitorImageUri` or `ClarifyImageUri` in the account's region.

    Raises:
        Invalid: AWS offers none there, as far as this program knows.
    """
    owners, name = _ANALYZERS[parameter]
    if account.region not in owners:
        raise Invalid(
            f"{account.region} has no {name} that this program knows of", hint=f"name the image: -p {parameter}=URI"
        )
    registry = account.image_repository.partition(".")[2].partition("/")[0]
    return f"{owners[account.region]}.{registry}/{name}"


_ANALYZERS = {
    "ModelMonitorImageUri": (_MODEL_MONITOR, "sagemaker-model-monitor-analyzer"),
    "ClarifyImageUri": (_CLARIFY, "sagemaker-clarify-processing:1.0"),
}
