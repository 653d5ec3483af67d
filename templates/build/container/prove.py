"""Prove an image from within: its own steps, on the sample that comes by stdin, as SageMaker would run them.

    docker run --rm --interactive IMAGE python3 container/prove.py < data/sample.csv

Preprocesses, trains, serves, predicts, evaluates; then sees whether `serve` ends when it is told to, and whether a
training job that cannot succeed says why. `make image` builds the image and runs this. It also runs without any
image: in an environment with `container/requirements.txt`, with `container/bin` in PATH and OPT_ML_ROOT set.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

TREE = Path(os.environ.get("OPT_ML_ROOT", "/opt/ml"))
INPUT, OUTPUT = TREE / "processing" / "input", TREE / "processing" / "output"
SECONDS_TO_START, SECONDS_TO_STOP = 120, 30
EVALUATION = "evaluation: "  # begins the line that CI shows on a pull request


class ProofError(Exception):
    """The image does not do what SageMaker expects of it."""


def step(*command: str, ends_with: int = 0) -> None:
    """Run a program of the image to its end."""
    started = time.monotonic()
    code = subprocess.run(command, check=False).returncode
    if code != ends_with:
        raise ProofError(f"{' '.join(command)} ended with exit code {code}, not {ends_with}")
    say(f"{' '.join(command)}: exit code {code} after {time.monotonic() - started:.1f} s")


def hand_over(source: Path, target: Path) -> None:
    """Give what one job wrote to the next one, as S3 does."""
    shutil.copytree(source, target, dirs_exist_ok=True)


def serve_and_ask(lines: bytes) -> bytes:
    """Start `serve`, ask it, stop it; gives its answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address, place = f"http://127.0.0.1:{port}", {"SAGEMAKER_BIND_TO_PORT": str(port), "MODEL_SERVER_HOST": "127.0.0.1"}
    # A session of its own: its processes can be found again.
    with subprocess.Popen(["serve"], env={**os.environ, **place}, start_new_session=True) as server:
        try:
            wait_for(f"{address}/ping", server)
            request = urllib.request.Request(f"{address}/invocations", lines, {"Content-Type": "text/csv"})  # noqa: S310
            with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 (our own address)
                answer: bytes = response.read()
            stop(server)
        finally:
            end(server)
    return answer


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers."""
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=10):  # noqa: S310 (our own address)
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise ProofError(f"serve does not answer to /ping within {SECONDS_TO_START} s")


def stop(server: subprocess.Popen[bytes]) -> None:
    """Tell the server to end as SageMaker does; it and its workers have to be gone in time."""
    started = time.monotonic()
    server.send_signal(signal.SIGTERM)
    try:
        code = server.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        raise ProofError(f"serve goes on {SECONDS_TO_STOP} s after SIGTERM") from None
    seconds = time.monotonic() - started
    if code:
        raise ProofError(f"serve ended with exit code {code} after SIGTERM")
    if alive(server):
        raise ProofError(f"serve ended {seconds:.1f} s after SIGTERM and left workers behind")
    say(f"serve: ended {seconds:.1f} s after SIGTERM, with all its workers")


def alive(server: subprocess.Popen[bytes]) -> bool:
    """Whether any process of the server's session is left."""
    try:
        os.killpg(server.pid, 0)
    except ProcessLookupError:
        return False
    return True


def end(server: subprocess.Popen[bytes]) -> None:
    """Leave nothing behind, whatever happened."""
    if alive(server):
        os.killpg(server.pid, signal.SIGKILL)


def _rows(content: bytes) -> list[bytes]:
    """The rows of CSV in which no value holds a line break: a line feed ends one, and nothing else does."""
    return content.rstrip(b"\n").split(b"\n")


def joined(lines: bytes, answers: bytes) -> bytes:
    """Each line with its answer behind it, as a transform job joins them."""
    pairs = zip(_rows(lines), _rows(answers), strict=True)
    return b"".join(line + b"," + answer + b"\n" for line, answer in pairs)


def prove() -> None:
    """Everything, in the order of the build pipeline."""
    (INPUT / "raw").mkdir(parents=True)
    with (INPUT / "raw" / "sample.csv").open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    say(f"as user {os.getuid()}, with {TREE}")
    step("python3", "-m", "steps.preprocess")
    hand_over(OUTPUT / "train", TREE / "input" / "data" / "train")
    step("train")
    lines = (OUTPUT / "evaluation_data" / "evaluation.csv").read_bytes()
    answers = serve_and_ask(lines)
    say(f"serve: {len(_rows(answers)):,} predictions")
    hand_over(OUTPUT / "ground_truth", INPUT / "ground_truth")
    (INPUT / "predictions").mkdir()
    (INPUT / "predictions" / "evaluation.csv.out").write_bytes(joined(lines, answers))
    step("python3", "-m", "steps.evaluate")
    report = json.loads((OUTPUT / "evaluation" / "evaluation.json").read_text(encoding="utf-8"))
    say(f"{EVALUATION}{report['gate']['reason']}")
    fail_to_train()


def fail_to_train() -> None:
    """A training job without data has to leave the reason where SageMaker reads it."""
    shutil.rmtree(TREE / "input" / "data" / "train")
    step("train", ends_with=1)
    reason = (TREE / "output" / "failure").read_text(encoding="utf-8").strip()
    if not reason:
        raise ProofError("train failed and left no reason in output/failure")
    say(f"output/failure: {reason}")


def say(text: str) -> None:
    """Tell how it goes."""
    sys.stdout.write(f"proof: {text}\n")
    sys.stdout.flush()


def main() -> int:
    """Prove; one line on stderr where that fails."""
    try:
        prove()
    except (ProofError, OSError) as error:
        sys.stderr.write(f"proof: {error}\n")
        return 1
    say("passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
