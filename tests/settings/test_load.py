import subprocess
import sys
from pathlib import Path

import pytest

from mlops_new.errors import Invalid
from mlops_new.settings.load import Host, PlatformName, load


def test_without_a_file_everything_is_local(home: Path) -> None:
    found = load(None)
    assert (found.git, found.platform, found.home) == ("local", "local", home)


def test_the_file_is_found_by_flag_then_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLOPS_NEW_HOME")
    file = tmp_path / "mine.toml"
    file.write_text(f'home = "{tmp_path}/a"\n', encoding="utf-8")
    other = tmp_path / "other.toml"
    other.write_text(f'home = "{tmp_path}/b"\n', encoding="utf-8")
    monkeypatch.setenv("MLOPS_NEW_CONFIG", str(other))
    assert load(None).home == tmp_path / "b"
    assert load(file).home == tmp_path / "a"


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
        load(file)


SAGEMAKER = (
    "bucket",
    "ci_role",
    "cost_cap",
    "ecr_repository",
    "execution_role",
    "prices",
    "profile",
    "region",
    "stack",
)
SEVERAL = """
gti = "local"
platform = "mars"
[bitbucket]
workspace = 3
[sagemaker]
regoin = "eu-north-1"
"""


def test_all_that_is_wrong_in_a_file_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "mlops-new.toml"
    file.write_text(SEVERAL, encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        load(file)
    assert caught.value.message.splitlines() == [
        f"{file}: 4 settings are wrong:",
        "  the setting platform is 'mars'; it is one of: local, sagemaker",
        "  the setting bitbucket.workspace is 3; it is a text; for example: acme",
        "  there is no setting sagemaker.regoin; did you mean region? [sagemaker] may say: " + ", ".join(SAGEMAKER),
        "  there is no setting gti; did you mean git? the file may say: bitbucket, git, home, platform, sagemaker",
    ]


def test_what_is_not_used_is_not_judged(tmp_path: Path) -> None:
    file = tmp_path / "mlops-new.toml"
    file.write_text("git = 'gitlab'\n[bitbucket]\nworkspace = 3\n[sagemaker]\nregion = 'north'\n", encoding="utf-8")
    found = load(file, git=Host.LOCAL)
    for tables in (["bitbucket"], ["sagemaker", "bitbucket"]):
        with pytest.raises(Invalid, match="3 settings are wrong"):
            found.judge(*tables)
    found.judge()


def test_settings_outside_of_tables_do_not_load_the_models(tmp_path: Path) -> None:
    file = tmp_path / "mlops-new.toml"
    file.write_text(f"git = 'local'\nhome = '{tmp_path}'\n[bitbucket]\nworkspace = 'acme'\n", encoding="utf-8")
    program = f"import sys, pathlib; from mlops_new.settings.load import load; load(pathlib.Path({str(file)!r}))"
    subprocess.run([sys.executable, "-c", f"{program}; sys.exit('pydantic' in sys.modules)"], check=True)


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no settings file"):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize("char", ['"', "'", "\\", "`", "$", "%", "{", "}", ":", "\n", "\x1b", "\udcff"])
def test_a_home_that_would_break_every_job_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, char: str
) -> None:
    monkeypatch.setenv("MLOPS_NEW_HOME", f"{tmp_path}/some{char}where")
    with pytest.raises(Invalid, match=r"home cannot be .*: jobs cannot run below ") as caught:
        load(None)
    assert "set MLOPS_NEW_HOME" in caught.value.hint
    assert load(None, platform=PlatformName.SAGEMAKER).home == tmp_path / f"some{char}where"


@pytest.mark.parametrize("name", ["with blanks", "räksmörgås", "a+b,c=d@e~f", "(x)&[y]"])
def test_any_other_home_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("MLOPS_NEW_HOME", f"{tmp_path}/{name}")
    assert load(None).home == tmp_path / name


@pytest.mark.parametrize(
    ("below", "why"),
    [
        ("file", "is a file"),
        ("file/home", "is a file"),
        ("x" * 300, "the path is too long"),
        ("/".join(["long"] * 250), "the path is too long"),
    ],
)
def test_a_home_that_can_be_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, below: str, why: str) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MLOPS_NEW_HOME", f"{tmp_path}/{below}")
    with pytest.raises(Invalid, match=why):
        load(None)


def test_a_home_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPS_NEW_HOME", "~no-such-user/home")
    with pytest.raises(Invalid, match="there is no such user"):
        load(None)


def test_a_settings_file_that_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be read: Is a directory"):
        load(tmp_path)
