"""A push whose answer is lost, and one that really fails."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from mlops_new.hosts.local import LocalHost
from mlops_new.names import Mark
from mlops_new.system import git
from mlops_new.template.pushing import push_and_settle

REF = "refs/heads/main"


class Pushed:
    """Pushes to a repository of a folder, and loses the answers it is told to lose."""

    def __init__(self, folder: Path, *, lost: int = 0, dropped: int = 0) -> None:
        self.host = LocalHost(folder / "git")
        self.url = self.host.repositories.create("a-build", mark=Mark("a", "build"), description="").url
        self.copy = folder / "copy"
        self.lost, self.dropped, self.tries = lost, dropped, 0
        git.init(self.copy)
        (self.copy / "README.md").write_text("hello\n", encoding="utf-8")
        git.commit_all(self.copy, "Start")

    def push(self, env: Mapping[str, str]) -> None:
        self.tries += 1
        if self.tries <= self.dropped:
            raise git.GitError("the connection was dropped before anything arrived")
        git.push(self.copy, self.url, f"HEAD:{REF}", env=env)
        if self.tries <= self.lost:
            raise git.GitError("the answer was lost")

    def arrived(self, env: Mapping[str, str]) -> bool:
        return git.remote_refs(self.url, env).get(REF) == git.head(self.copy)


def test_what_arrived_is_no_failure_and_is_not_pushed_again(tmp_path: Path) -> None:
    subject = Pushed(tmp_path, lost=1)
    push_and_settle(subject.host.access, subject.url, subject.push, subject.arrived)
    assert subject.tries == 1
    assert subject.arrived({})


def test_what_did_not_arrive_fails_with_the_first_reason(tmp_path: Path) -> None:
    subject = Pushed(tmp_path, dropped=1)
    with pytest.raises(git.GitError, match="dropped before anything"):
        push_and_settle(subject.host.access, subject.url, subject.push, subject.arrived)
    assert subject.tries == 1


def test_a_second_try_may_be_asked_for(tmp_path: Path) -> None:
    subject = Pushed(tmp_path, dropped=1)
    push_and_settle(subject.host.access, subject.url, subject.push, subject.arrived, tries=2)
    assert subject.tries == 2
    assert subject.arrived({})


def test_where_nobody_can_look_the_push_itself_says_why(tmp_path: Path) -> None:
    subject = Pushed(tmp_path)
    with pytest.raises(git.GitError, match="not pushed"):
        push_and_settle(subject.host.access, subject.url, _refused, lambda _: bool(git.remote_refs("/nowhere", {})))


def _refused(_: Mapping[str, str]) -> None:
    raise git.GitError("not pushed")
