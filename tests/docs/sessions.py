"""What the documents show: sessions on a terminal, edits of files, and commands within sentences.

A block of the language `console` is a session: lines that begin with `$` are typed, the others are what is printed,
with `…` for what differs from machine to machine; a line that is only `…` stands for any lines. A block of the
language `diff` with a title changes that file. A comment right above a block says what is special about it:

    <!-- account: AWS -->            it needs an account: nobody runs it here, but its commands have to exist
    <!-- shown by: tests/… -->       another test, or a script of this repository, runs the same
    <!-- exit: 1 -->                 its last command ends with this code
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "ARCHITECTURE", "SECURITY")),
    ]
)
_FENCE = re.compile(r"^( *)```(\w*)(?: title=\"([^\"]+)\")?[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_MARKS = re.compile(r"(?:<!-- ?([a-z ]+): ?(.+?) ?-->\n+)\Z")
_INLINE = re.compile(r"(?<!`)`(mlops-new [^`\n]+(?:\n[^`\n]+)?)`(?!`)")


@dataclass
class Typed:
    """A command and what it prints; None where the page does not show that."""

    command: str
    printed: list[str] | None = None


@dataclass(frozen=True)
class Block:
    """A block of a page.

    Args:
        page: The file.
        language: As the fence says it.
        title: Of an edit, the file.
        text: What stands in it.
        marks: What the comments above it say.
    """

    page: Path
    language: str
    title: str
    text: str
    marks: dict[str, str] = field(default_factory=dict)

    @property
    def is_run(self) -> bool:
        """Whether the tests run it, or do this edit."""
        return not {"account", "shown by"} & self.marks.keys()

    @property
    def typed(self) -> list[Typed]:
        """The commands of a session, continued lines as one."""
        commands: list[Typed] = []
        for line in self.text.replace("\\\n", "").splitlines():
            if line.startswith("$ "):
                commands.append(Typed(line[2:]))
            elif commands:
                commands[-1].printed = [*(commands[-1].printed or []), line]
        return commands


def blocks(page: Path) -> list[Block]:
    """The sessions and edits of a page, in their order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, match[2], match[3] or "", _dedented(match[4], match[1]), _marks(text[: match.start()]))
        for match in _FENCE.finditer(text)
        if match[2] == "console" or (match[2] == "diff" and match[3])
    ]


def _dedented(text: str, indent: str) -> str:
    return "".join(line.removeprefix(indent) for line in text.splitlines(keepends=True))


def _marks(before: str) -> dict[str, str]:
    marks = {}
    while match := _MARKS.search(before):
        marks[match[1]] = match[2]
        before = before[: match.start()]
    return marks


def inline(page: Path) -> list[str]:
    """Commands within the sentences of a page."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return [" ".join(command.split()) for command in _INLINE.findall(text)]


def calls(line: str) -> Iterator[list[str]]:
    """The words after each `mlops-new` of a shell's line."""
    lexer = shlex.shlex(re.sub(r"\$\((.*?)\)", r"; \1 ;", line), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if word and set(word) <= set("&|;<>()"):
            if "mlops-new" in words:
                yield words[words.index("mlops-new") + 1 :]
            words = []
        else:
            words.append(word)


def edited(text: str, change: str) -> str:
    """A text after the change that a `diff` block shows.

    Args:
        text: The file.
        change: Lines that begin with `-` go, lines that begin with `+` come, the others stand around them; `@@` begins
            another place.

    Raises:
        ValueError: What the block shows does not stand in the file exactly once.
    """
    for hunk in re.split(r"^@@.*\n", change, flags=re.MULTILINE):
        if not hunk.strip():
            continue
        lines = hunk.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] in " -\n")
        new = "".join(line[1:] for line in lines if line[0] in " +\n")
        if text.count(old) != 1:
            raise ValueError(f"stands in the file {text.count(old)} times:\n{old}")
        text = text.replace(old, new)
    return text


def pattern(printed: list[str]) -> str:
    """What fits the lines that a page shows: figures apart."""
    return "".join(r"(?:.*\n)*?" if line.strip() == "…" else f"{_line(line)}\n" for line in printed)


def _line(line: str) -> str:
    figures = re.sub(r"\d[\d,]*(?:\\\.\d+)?", lambda _: r"[\d.,]+", re.escape(line.rstrip()))
    return figures.replace("…", ".*") + " *"
