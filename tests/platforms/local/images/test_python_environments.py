"""The image's environment: by uv where it is on PATH, by pip where uv is not there or fails, and told either way."""

import sys
import zipfile
from pathlib import Path

import pytest

from mlops_new.errors import Error
from mlops_new.platforms.local.home import Home
from mlops_new.platforms.local.images.python_environments import environment

UV = Path(sys.executable).with_name("uv")
FAILS = "#!/bin/sh\n[ $1 = --version ] && echo uv 0.13.9 || { echo 'error: no way' >&2; exit 2; }\n"


@pytest.fixture
def requirements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What names a package that only a folder of pip's settings has; there is no index."""
    links = tmp_path / "links"
    links.mkdir()
    about = "ours-1.0.dist-info"
    with zipfile.ZipFile(links / "ours-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("ours.py", "")
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: ours\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    for name, value in {"PIP_FIND_LINKS": str(links), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    file = tmp_path / "requirements.txt"
    file.write_text("ours==1.0\n", encoding="utf-8")
    return file


def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None = None) -> None:
    """Have a uv on PATH: the real one, or a script."""
    (tmp_path / "bin").mkdir()
    uv = tmp_path / "bin" / "uv"
    if script is None:
        uv.symlink_to(UV)
    else:
        uv.write_text(script, encoding="utf-8")
        uv.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")


def told(requirements: Path) -> tuple[Path, str]:
    """The environment, and the first line that is told of it."""
    said: list[str] = []
    made = environment(Home.open(requirements.parent / "home"), requirements, said.append)
    assert list(made.glob("lib/python*/site-packages/ours.py"))
    assert list(made.glob("lib/python*/site-packages/__pycache__/ours.*.pyc"))
    return made, said[0].partition(" with ")[2]


def test_uv_makes_it(requirements: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path(requirements.parent, monkeypatch)
    made, tool = told(requirements)
    assert tool == "uv: once for these requirements"
    assert not list(made.glob("lib/python*/site-packages/pip"))


@pytest.mark.slow
def test_without_uv_pip_makes_it(requirements: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert told(requirements)[1] == "pip: once for these requirements"


@pytest.mark.slow
def test_where_pip_is_set_to_what_uv_cannot_do_pip_makes_it(
    requirements: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path(requirements.parent, monkeypatch)
    monkeypatch.setenv("PIP_PREFER_BINARY", "1")
    why = "pip's setting prefer-binary has no counterpart"
    assert told(requirements)[1] == f"pip ({why}): once for these requirements"


@pytest.mark.slow
def test_where_uv_fails_pip_makes_it(requirements: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path(requirements.parent, monkeypatch, FAILS)
    made, tool = told(requirements)
    assert tool == "uv: once for these requirements"
    assert "error: no way\nuv has failed, so pip is tried\n" in made.with_suffix(".log").read_text(encoding="utf-8")


@pytest.mark.slow
def test_what_neither_can_do_is_an_error_and_leaves_nothing(
    requirements: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path(requirements.parent, monkeypatch)
    requirements.write_text("ours==2.0\n", encoding="utf-8")
    home = Home.open(requirements.parent / "home")
    with pytest.raises(Error, match=r"cannot be made: No matching distribution found for ours==2\.0"):
        environment(home, requirements, lambda _: None)
    assert [path.suffix for path in home.environments.iterdir()] == [".log"]
