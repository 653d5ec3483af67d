"""What the settings count on in a repository's files, and what a person is told beforehand."""

from pathlib import Path

import pytest

from mlops_new.errors import Invalid
from mlops_new.hosts.bitbucket.project_setup import BitbucketSetup
from mlops_new.hosts.bitbucket.setup.bitbucket_settings import parse
from mlops_new.names import Kind
from tests.doubles.bitbucket import BitbucketServer
from tests.hosts.bitbucket.client import host_at

SCHEDULE = {"pipeline": "inference", "cron": "0 0 3 * * ? *"}


def setup_of(server: BitbucketServer, **table: object) -> BitbucketSetup:
    return BitbucketSetup(host_at(server), parse(table, {}))


def repository(folder: Path, text: str | None) -> Path:
    if text is not None:
        (folder / "bitbucket-pipelines.yml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        (None, "none"),
        ("pipelines: {}", "none"),
        ("[]", "none"),
        ("pipelines: {custom: {model-quality: [], retrain: []}}", "model-quality, retrain"),
        ("pipelines: {branches: {inference: []}}", "none"),
    ],
)
def test_a_schedule_of_what_is_not_there(tmp_path: Path, text: str | None, offered: str) -> None:
    with BitbucketServer() as server:
        setup = setup_of(server, deploy={"schedules": [SCHEDULE]})
        with pytest.raises(Invalid, match="schedule 'inference', which a1-deploy does not have") as caught:
            setup.check_rendered("a1", Kind.DEPLOY, repository(tmp_path, text))
        assert f"bitbucket-pipelines.yml: {offered}; " in caught.value.hint
        setup.check_rendered("a1", Kind.BUILD, repository(tmp_path, text))


def test_a_schedule_of_what_is_there_or_on_another_branch(tmp_path: Path) -> None:
    text = "definitions: {x: &x [step]}\npipelines: {custom: {inference: *x}}"
    with BitbucketServer() as server:
        for schedules in ([SCHEDULE], [SCHEDULE | {"pipeline": "other", "branch": "release"}]):
            setup_of(server, schedules=schedules).check_rendered("a1", Kind.DEPLOY, repository(tmp_path, text))


def test_a_file_that_is_no_yaml(tmp_path: Path) -> None:
    with BitbucketServer() as server, pytest.raises(Invalid, match="is not YAML"):
        setup_of(server, schedules=[SCHEDULE]).check_rendered("a1", Kind.DEPLOY, repository(tmp_path, "{"))


ROLE = {"AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/ci"}


def test_a_project_without_an_aws_account_is_told_what_its_first_pipeline_does() -> None:
    with BitbucketServer() as server:
        (note,) = setup_of(server).notes("a1")
        assert "stops red" in note
        assert "bootstrap" in note
        assert setup_of(server, variables=ROLE).notes("a1") == ()
        assert setup_of(server, environments={"Test": {"variables": ROLE}}).notes("a1") == ()
        assert setup_of(server, environments={"Production": {"variables": ROLE}}).notes("a1") == (note,)
