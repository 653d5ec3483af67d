from pathlib import Path

import pytest

from mlops_new import settings
from mlops_new.errors import Invalid


def test_without_a_file_everything_is_local(home: Path) -> None:
    found = settings.load(None)
    assert (found.git, found.platform, found.home) == ("local", "local", home)


def test_the_file_is_found_by_flag_then_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLOPS_NEW_HOME")
    file = tmp_path / "mine.toml"
    file.write_text(f'home = "{tmp_path}/a"\n', encoding="utf-8")
    other = tmp_path / "other.toml"
    other.write_text(f'home = "{tmp_path}/b"\n', encoding="utf-8")
    monkeypatch.setenv("MLOPS_NEW_CONFIG", str(other))
    assert settings.load(None).home == tmp_path / "b"
    assert settings.load(file).home == tmp_path / "a"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("gti = 'local'", "no setting gti"),
        ("git = 'gitlab'", "the setting git is 'gitlab'"),
        ("git =", "is not TOML"),
        ("home = 3", "a folder's path"),
    ],
)  # fmt: skip
def test_a_file_that_says_something_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, why: str) -> None:
    monkeypatch.delenv("MLOPS_NEW_HOME")
    file = tmp_path / "mlops-new.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(Invalid, match=why):
        settings.load(file)


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no settings file"):
        settings.load(tmp_path / "none.toml")
