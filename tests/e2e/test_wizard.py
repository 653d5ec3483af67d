"""The questions in a terminal of 80 columns: each can be read to its end."""

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from pathlib import Path
from typing import Any

import yaml

QUESTIONS = Path(__file__).parents[2] / "copier.yml"
COLUMNS = 80
_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


def asked() -> list[str]:
    """The help of every question that is asked where nothing is answered."""
    questions: dict[str, Any] = yaml.safe_load(QUESTIONS.read_text(encoding="utf-8"))
    bodies = {name: body for name, body in questions.items() if not name.startswith("_") and name != "project_name"}
    return [body["help"] for body in bodies.values() if body.get("ask", True)]


def test_no_line_of_a_question_is_longer_than_the_terminal() -> None:
    for text in asked():
        assert max(map(len, text.splitlines())) <= COLUMNS - len("xx ") - 1, text


def test_every_word_of_the_questions_is_shown(somewhere: Path) -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm"
        command = [sys.executable, "-m", "mlops_new", "project", "wizard", "--dry-run"]
        os.execv(sys.executable, command)  # noqa: S606 - a terminal of its own, no shell
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    shown = answer_by_enter(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    os.close(terminal)
    words = re.sub(r"\s+", " ", _ESCAPES.sub(b"", shown).decode(errors="replace"))
    for text in asked():
        assert re.sub(r"\s+", " ", text) in words
    assert list(somewhere.iterdir()) == []


def answer_by_enter(terminal: int) -> bytes:
    """All that is shown, where each question gets its default."""
    shown, answered, deadline = b"", 0, time.monotonic() + 600
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.5)[0]:
            try:
                seen = os.read(terminal, 1 << 16)
            except OSError:  # the other side has ended
                break
            shown += seen
            if b"\x1b[6n" in seen:  # where the cursor is
                os.write(terminal, b"\x1b[1;1R")
        elif len(shown) > answered:  # something new is waited with; whoever is only slow gets no second Enter
            os.write(terminal, b"\r")
            answered = len(shown)
    return shown
