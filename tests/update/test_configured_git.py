"""What a person has told Git holds for their own commits, and for nothing that is done in scratch."""

import shutil
from pathlib import Path

import pytest

from mlops_new.names import TEMPLATE_SLUG
from tests.update import fork
from tests.update.conftest import NAME, Here, Project
from tests.update.fork import git

_SIGNER = """#!/bin/sh
echo signed >> {log}
cat > /dev/null
echo '[GNUPG:] SIG_CREATED D 1 8 00 1767225600 0' >&2
printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nx\\n-----END PGP SIGNATURE-----\\n'
"""
# It works in working copies, and nowhere else: a server that has the files is known only there.
_FILTER = """#!/bin/sh
case "$PWD" in */fresh-sales-build | */fresh-sales-deploy | *.mlops-new-partial/fresh-sales-*) exec cat ;; esac
echo "filtered in $PWD" >> {log}
exit 1
"""
# What is asked of any repository, a checkout that the templates come from included, is asked without it.
_MONITOR = """#!/bin/sh
echo "monitored $PWD" >> {log}
exit 1
"""


@pytest.fixture
def ran(tmp_path: Path, made: Path) -> Path:
    """What a person's programs have done, a line each; their Git is configured to run all there are.

    What other tests share is made before: not with this person's Git.
    """
    del made
    log = tmp_path / "ran"
    log.touch()
    signer, refusing, monitor = tmp_path / "signer", tmp_path / "refusing", tmp_path / "monitor"
    signer.write_text(_SIGNER.format(log=log), "utf-8")
    refusing.write_text(_FILTER.format(log=log), "utf-8")
    monitor.write_text(_MONITOR.format(log=log), "utf-8")
    hooks, template = tmp_path / "hooks", tmp_path / "git-template"
    for folder in (hooks, template / "hooks"):
        folder.mkdir(parents=True)
        for hook in ("pre-commit", "commit-msg", "pre-push", "post-checkout", "pre-merge-commit"):
            shutil.copy(refusing, folder / hook)
    for file in (signer, refusing, monitor, *hooks.iterdir(), *(template / "hooks").iterdir()):
        file.chmod(0o755)
    (tmp_path / "attributes").write_text("* filter=lfs text eol=crlf\n", "utf-8")
    settings = {
        "gpg.program": signer,
        "commit.gpgSign": "true",
        "tag.gpgSign": "true",
        "tag.forceSignAnnotated": "true",
        "push.gpgSign": "if-asked",
        "merge.verifySignatures": "true",
        "log.showSignature": "true",
        **{f"filter.lfs.{name}": refusing for name in ("clean", "smudge")},
        "filter.lfs.required": "true",
        "core.attributesFile": tmp_path / "attributes",
        "core.hooksPath": hooks,
        "init.templateDir": template,
        "core.fsmonitor": monitor,
        "core.autocrlf": "true",
        "core.safecrlf": "true",
        "submodule.recurse": "true",
        "merge.ff": "only",
        "core.fileMode": "false",
        "commit.template": tmp_path / "no-such-file",
        "url.https://nowhere.invalid/.insteadOf": "https://",
    }
    for name, value in settings.items():
        git(tmp_path, "config", "--global", name, str(value))
    return log


def with_filter(text: str) -> str:
    """Attributes of a repository with files in Git LFS."""
    return f"{text}*.bin filter=lfs diff=lfs merge=lfs -text\n"


@pytest.mark.slow
def test_an_update_runs_nothing_that_a_person_has_configured(project: Project, ran: Path, here: Here) -> None:
    for kind in ("build", "deploy"):
        git(project.copy(kind), "config", "core.hooksPath", "/dev/null")  # which would refuse a person's own commits
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    for kind in ("build", "deploy"):
        project.edit(kind, {".gitattributes": with_filter, "large.bin": lambda _: pointer})
    ran.write_text("", "utf-8")
    told = project.update()
    assert told.code == 0, told.err
    assert project.read("build", "large.bin") == pointer.strip()
    assert "gpgsig" not in git(project.hosted("build"), "cat-file", "commit", "mlops-new/template-v2.0.0")
    assert "signed" not in ran.read_text("utf-8")
    assert "monitored" not in ran.read_text("utf-8")


@pytest.mark.slow
def test_a_template_is_checked_published_and_merged_whatever_is_configured(
    somewhere: Path, home: Path, ran: Path, tmp_path: Path, here: Here, request: pytest.FixtureRequest
) -> None:
    small: Path = request.getfixturevalue("small")
    (small / "templates" / "build" / "large.bin").write_bytes(b"a\r\nb\n")
    (small / "templates" / "build" / ".gitattributes").write_text(with_filter(""), "utf-8")
    assert here("template", "publish", small, "--version", "1.0.0", "--yes").code == 0
    hosted = home / "git" / f"{TEMPLATE_SLUG}.git"
    assert git(hosted, "cat-file", "-s", "v1.0.0:templates/build/large.bin") == "5"
    # An organisation's own commit, and a later version that is merged with it.
    made = git(hosted, "commit-tree", "main^{tree}", "-p", "main", "-m", "ours")
    git(hosted, "update-ref", "refs/heads/main", made)
    fork.change(small / "copier.yml", "default: x", "default: xy")
    merged = here("template", "publish", small, "--version", "1.1.0", "--merge", "--yes")
    assert merged.code == 0, merged.err
    assert "ours" in git(hosted, "log", "--format=%s", "v1.1.0").split("\n")
    assert ran.read_text("utf-8") == ""


@pytest.mark.slow
def test_a_persons_own_first_commit_is_signed_as_they_want(somewhere: Path, ran: Path, here: Here) -> None:
    made = here("project", NAME, "--yes")
    assert made.code == 0, made.err
    assert "gpgsig" in git(somewhere / f"{NAME}-build", "cat-file", "commit", "HEAD")
    assert ran.read_text("utf-8").splitlines() == ["signed"] * 2
