"""The image's proof, run without an image: the same script, in an environment with the image's packages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rendering import render

DOCKERFILE = Path(__file__).parents[2] / "templates" / "build" / "container" / "Dockerfile"
WRAPPER = DOCKERFILE.parent / "user" / "python3"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render("build", tmp_path_factory.mktemp("proof") / "build")


@pytest.fixture(scope="module")
def sample(repository: Path) -> bytes:
    """Two of the stores: what takes long is not proven better by more rows."""
    file = repository / "data" / "sample.csv"
    subprocess.run([sys.executable, "data/simulate.py", str(file), "--stores", "2"], cwd=repository, check=True)
    return file.read_bytes()


def prove(repository: Path, tree: Path, python: Path, given: bytes) -> subprocess.CompletedProcess[bytes]:
    places = [str(repository / "container" / "bin"), str(python.parent), os.environ["PATH"]]
    return subprocess.run(
        [python, "container/prove.py"],
        cwd=repository,
        env={"PATH": os.pathsep.join(places), "PYTHONPATH": str(repository), "OPT_ML_ROOT": str(tree)},
        input=given,
        capture_output=True,
        check=False,
    )


def test_the_steps_train_serve_end_and_fail_as_sagemaker_expects(
    repository: Path, tmp_path: Path, data_python: Path, sample: bytes
) -> None:
    done = prove(repository, tmp_path / "ml", data_python, sample)
    assert done.returncode == 0, done.stderr.decode()
    told = [line for line in done.stdout.decode().splitlines() if line.startswith("proof: ")]
    assert [line.split(":")[1].strip() for line in told] == [
        f"as user {os.getuid()}, with {tmp_path / 'ml'}",
        "python3 -m steps.preprocess",
        "train",
        "serve",
        "serve",
        "python3 -m steps.evaluate",
        "evaluation",
        "train",
        "output/failure",
        "passed",
    ]
    assert "after SIGTERM, with all its workers" in told[3]
    assert told[6].startswith("proof: evaluation: wape is ")
    assert "no such file or folder" in told[8]


def test_a_program_that_does_not_work_proves_nothing(repository: Path, tmp_path: Path, data_python: Path) -> None:
    done = prove(repository, tmp_path / "ml", data_python, b"no,table\n")
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[-1].endswith("ended with exit code 1, not 0")


def test_the_dockerfile_is_as_hadolint_wants_it() -> None:
    program = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([program, DOCKERFILE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_image_is_pinned_and_leaves_nothing_behind() -> None:
    text = DOCKERFILE.read_text(encoding="utf-8")
    base = next(line for line in text.splitlines() if line.startswith("ARG BASE="))
    name, _, tag = base.removeprefix("ARG BASE=").partition(":")
    assert name == "python"
    assert tag.count(".") == 2, "an exact version"
    assert "--require-hashes --only-binary :all:" in text
    final = text.rpartition("FROM ")[2]
    assert "pip" not in final


def test_nothing_runs_as_root_in_the_image(tmp_path: Path) -> None:
    """The wrapper that every program of the image starts by; `setpriv` and `chown` are noted down, not done."""
    if os.getuid() != 0:
        assert run_wrapper(tmp_path, "10001") == "-c pass"
        return
    assert run_wrapper(tmp_path, "0") == "-c pass"
    told = run_wrapper(tmp_path, "10001").splitlines()
    assert told[0] == f"chown -R 10001:10001 {tmp_path / 'ml'}"
    assert told[1].startswith("setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs ")
    assert told[1].endswith("python3 -c pass")


def run_wrapper(folder: Path, user: str) -> str:
    program = folder / "python3"
    program.write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
    for name in ("chown", "setpriv"):
        (folder / name).write_text(f'#!/bin/sh\necho {name} "$@"\n', encoding="utf-8")
        (folder / name).chmod(0o755)
    program.chmod(0o755)
    wrapper = folder / "wrapper"
    wrapper.write_text(WRAPPER.read_text(encoding="utf-8").replace("/opt/environment/bin/python3", str(program)))
    wrapper.chmod(0o755)
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "RUN_AS": user, "OPT_ML_ROOT": str(folder / "ml")}
    done = subprocess.run([wrapper, "-c", "pass"], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()
