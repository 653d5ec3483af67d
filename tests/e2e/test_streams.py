"""How commands end when somebody interrupts them, or when nobody can read what they say."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "mlops_new"]


def until(terminal: int, words: bytes) -> bytes:
    shown = b""
    while words not in shown:
        assert select.select([terminal], [], [], 300)[0], shown
        shown += os.read(terminal, 4096)
    return shown


def test_leaving_at_a_question_makes_nothing_and_says_so(somewhere: Path) -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [*COMMAND, "project", "left-alone"])  # noqa: S606 - a terminal of its own, no shell
    shown = until(terminal, b"What the model is for")
    os.write(terminal, b"\x03")
    shown += until(terminal, b"goes on from here")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 130
    assert b"error: interrupted" in shown.replace(b"\x1b[31m", b"")
    assert b"Traceback" not in shown
    assert list(somewhere.iterdir()) == []
    os.close(terminal)


def _reads(pid: int) -> None:
    """Wait until a process that has opened a file of nothing waits for something in it."""
    status = Path(f"/proc/{pid}/stat")
    while status.exists() and status.read_text(encoding="utf-8").rpartition(") ")[2][0] != "S":
        time.sleep(0.01)
    time.sleep(0.5)


def test_an_interrupted_command_prints_its_document_too(somewhere: Path) -> None:
    # Reading this file never ends, so that the command is interrupted while it does something.
    os.mkfifo(somewhere / "answers.yml")
    command = [*COMMAND, "project", "interrupted", "--json", "--yes", "--answers", "answers.yml"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
        (somewhere / "answers.yml").open("w", encoding="utf-8"),  # returns when the command has opened it too
    ):
        _reads(process.pid)  # a signal between the opening and the reading would be noticed after the reading
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert json.loads(out)["error"]["code"] == 130
    assert "Traceback" not in err


@pytest.mark.quick_cases(6)
@pytest.mark.parametrize("arguments", [["--help"], ["models", "list", "--json"], ["models", "list"]])
@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">/dev/full", "2>/dev/full", "| true", ">&- 2>&-"])
def test_output_that_nobody_reads_is_no_bug(somewhere: Path, arguments: list[str], redirection: str) -> None:
    line = f"{' '.join([*COMMAND, *arguments])} {redirection}"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {line}"], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert done.returncode in {0, 1, 2}, done


def test_a_terminal_that_knows_few_letters(somewhere: Path) -> None:
    env = os.environ | {"PYTHONIOENCODING": "ascii", "MLOPS_NEW_HOME": str(somewhere / "höme")}
    done = subprocess.run([*COMMAND, "project", "few-letters", "--yes"], capture_output=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    assert rb"h\xf6me" in done.stdout
