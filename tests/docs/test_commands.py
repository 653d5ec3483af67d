"""Every command in the documents is one that the program has, with options that it has."""

import re
from pathlib import Path

import pytest

from reference.commands import Command, commands
from tests.docs.sessions import PAGES, ROOT, Block, Typed, blocks, calls, edited, inline, pattern

COMMANDS = {command.words.removeprefix("mlops-new "): command for command in commands()}
GROUPS = {name.split()[0] for name in COMMANDS if " " in name}
AT_THE_TOP = {"--help", "-h", "--version"}


def fault(words: list[str], *, whole: bool) -> str:
    """What is wrong with a call; empty where nothing is.

    Args:
        words: What follows `mlops-new`.
        whole: Whether it is a whole call, to be typed like that, or a mention that may leave arguments out.
    """
    if words and words[0] in AT_THE_TOP:
        return ""
    name = " ".join(words[:2]) if words and words[0] in GROUPS else "".join(words[:1])
    if name not in COMMANDS:
        mention = words[0] in GROUPS and len(words) == 1 if words else True
        return "" if mention and not whole else f"there is no command {name!r}"
    return _fault_of(COMMANDS[name], words[len(name.split()) :], whole=whole)


def _fault_of(command: Command, words: list[str], *, whole: bool) -> str:
    rest, arguments = list(words), 0
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word == "-":
            arguments += 1
            continue
        option, equals, _ = word.partition("=")
        if option not in command.options and option not in AT_THE_TOP - {"--version"}:
            return f"{command.words} has no option {option}"
        if command.options.get(option) and not equals:
            if not rest and whole:
                return f"{option} of {command.words} wants a value"
            del rest[:1]
    least, most = command.arguments
    if whole and not (least <= arguments and (most is None or arguments <= most)):
        return f"{command.words} does not take {arguments} arguments"
    return ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_of_a_page_exist(page: Path) -> None:
    faults = [
        f"{words}: {found}"
        for block in blocks(page)
        for typed in block.typed
        for words in calls(typed.command)
        if (found := fault(words, whole=True))
    ]
    faults += [
        f"{line}: {found}" for line in inline(page) for words in calls(line) if (found := fault(words, whole=False))
    ]
    assert faults == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_is_not_run_says_why(page: Path) -> None:
    for block in blocks(page):
        assert block.marks.keys() <= {"account", "shown by", "exit"}, block.marks
        if "account" in block.marks:
            assert block.marks["account"] in {"AWS", "Bitbucket", "AWS and Bitbucket"}
        if "shown by" in block.marks:
            shown_by = ROOT / block.marks["shown by"]
            assert shown_by.is_file(), shown_by
            if shown_by.suffix == ".md":
                assert set(map(bare, block.typed)) <= {bare(typed) for one in blocks(shown_by) for typed in one.typed}


def bare(typed: Typed) -> str:
    """A command without its comment, and without the answer to a question."""
    return re.sub(r" +#.*$", "", typed.command).removesuffix(" --yes")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_make_is_asked_for_it_can_make(page: Path) -> None:
    makefiles = [ROOT / "Makefile", *(ROOT / "templates").rglob("Makefile*"), *(ROOT / "templates").rglob("*.mk")]
    targets = {name for file in makefiles for name in re.findall(r"^([a-z-]+):", file.read_text("utf-8"), re.MULTILINE)}
    text = page.read_text(encoding="utf-8")
    asked = re.findall(r"(?:`|\$ |&& )make ([a-z-]+)", text)
    assert set(asked) - {"help"} <= targets


def test_examples_of_the_help_are_commands_that_exist() -> None:
    examples = [line for one in COMMANDS.values() for line in one.text.splitlines() if line.startswith("mlops-new ")]
    assert len(examples) >= len(COMMANDS)
    assert [found for line in examples for words in calls(line) if (found := fault(words, whole=True))] == []


def test_the_demo_types_commands_that_exist() -> None:
    lines = re.findall(r"^show (mlops-new .*)$", (ROOT / "tools" / "demo.sh").read_text("utf-8"), re.MULTILINE)
    assert lines
    assert [found for line in lines for words in calls(line) if (found := fault(words, whole=True))] == []


@pytest.mark.parametrize(
    ("words", "whole", "told"),
    [
        ("project fresh --yes", True, ""),
        ("models approve 1 --note 'a b'", True, ""),
        ("models", False, ""),
        ("run --input=a.csv -p A=1", True, ""),
        ("adopt a b c", True, ""),
        ("--version", True, ""),
        ("models approve", False, ""),
        ("models approve", True, "mlops-new models approve does not take 0 arguments"),
        ("models promote 1", True, "there is no command 'models promote'"),
        ("models", True, "there is no command 'models'"),
        ("fly", False, "there is no command 'fly'"),
        ("run --fast", False, "mlops-new run has no option --fast"),
        ("stop a b", True, "mlops-new stop does not take 2 arguments"),
        ("run --input", True, "--input of mlops-new run wants a value"),
    ],
)
def test_a_fault_is_told(words: str, *, whole: bool, told: str) -> None:
    [call] = calls(f"mlops-new {words}")
    assert fault(call, whole=whole) == told


def test_every_call_of_a_line_is_looked_at() -> None:
    line = "cd a && mlops-new run -p Image=$(mlops-new image) & until [ -e x ]; do sleep 1; done; mlops-new serve | cat"
    assert list(calls(line)) == [["run", "-p", "Image="], ["image"], ["serve"]]


def test_a_session_is_read_as_it_is_typed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- account: AWS -->\n```console\n$ one \\\n  --two\nprinted\n\n$ three\n```\n"
        "text `mlops-new run\n--json` text\n```python\n$ none\n```\n"
        '<!-- exit: 1 -->\n```console\n$ four\n```\n```diff title="a.py"\n-x\n+y\n```\n',
        encoding="utf-8",
    )
    first, second, third = blocks(page)
    assert [(one.command, one.printed) for one in first.typed] == [("one   --two", ["printed", ""]), ("three", None)]
    assert (first.marks, first.is_run) == ({"account": "AWS"}, False)
    assert (second.marks, second.is_run) == ({"exit": "1"}, True)
    assert third == Block(page, "diff", "a.py", "-x\n+y\n")
    assert inline(page) == ["mlops-new run --json"]


def test_an_edit_is_made_where_the_page_shows_it() -> None:
    assert edited("a\nb\nc\nd\n", " b\n-c\n+C\n@@\n-d\n+D\n") == "a\nb\nC\nD\n"
    with pytest.raises(ValueError, match="0 times"):
        edited("a\n", "-b\n+c\n")
    with pytest.raises(ValueError, match="2 times"):
        edited("a\na\n", "-a\n+c\n")


def test_what_is_printed_fits_what_is_shown() -> None:
    shown = pattern(["rows: 12,345", "…", "report: …/report.html"])
    assert re.fullmatch(shown, "rows: 9\na\nb\nreport: /x/report.html\n")
    assert re.fullmatch(shown, "rows: 1.5\nreport: /report.html\n")
    assert not re.fullmatch(shown, "rows: none\nreport: /report.html\n")
    assert not re.fullmatch(shown, "rows: 1\nreport: /report.html\nmore\n")
