"""Repositories that nobody owns run nothing that a person has configured."""

from pathlib import Path

from mlops_new.system import git


def test_a_scratch_repository_has_our_configuration(tmp_path: Path) -> None:
    """Git only warns where the folder that it is to copy is missing."""
    git.init_scratch(tmp_path / "scratch")
    assert git.run("config", "--local", "core.attributesFile", cwd=tmp_path / "scratch").strip() == "/dev/null"
    attributes = git.run("check-attr", "filter", "large.bin", cwd=tmp_path / "scratch")
    assert attributes.strip() == "large.bin: filter: unset"
