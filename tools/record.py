"""Records what the documents show, from real sessions: `python tools/record.py [--environments FOLDER]`.

Writes docs/images/session.svg, docs/images/report.png (by chromium) and docs/json/. It takes some minutes, because it
makes and runs two projects in a home of its own. FOLDER holds environments of images, which cost minutes to make.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.text import Text

from reference.documents import DOCUMENTS

DOCS = Path(__file__).parents[1] / "docs"
WIDTH = 104
# The last say whether the progress is shown, or only the result.
SESSION = (
    (".", "mlops-new project fresh-sales --yes", True),
    ("fresh-sales-build", "mlops-new run", True),
    ("fresh-sales-build", 'mlops-new models approve 1 --note "beats both naive forecasts"', True),
    ("fresh-sales-deploy", "mlops-new run", False),
    ("fresh-sales-deploy", "mlops-new drill changed_unit", False),
)
OWN_DATA = (
    (".", 'mlops-new project churn --like customers.csv --data target=churned --data description="Who leaves" --yes'),
    ("churn-build", "mlops-new run --input ../customers.csv"),
    ("churn-build", "mlops-new models approve 1"),
    ("churn-deploy", "mlops-new run --input ../customers.csv"),
)
# What a reader of a picture needs not: the plan that the ticks repeat, and how an environment is made.
_LEFT_OUT = re.compile(
    r"^(Plan:|  \+ |making the |the image's environment|\[|- not run|  (build|deploy)  |  +hosted at)"
)


@dataclass(frozen=True)
class Somebody:
    """A person with a home and a folder of their own."""

    folder: Path
    env: Mapping[str, str]

    def type(self, folder: str, command: str) -> tuple[str, str]:
        """What a command prints on both streams; paths as that person sees them."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder / folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return self._private(done.stdout), self._private(done.stderr)

    def _private(self, text: str) -> str:
        """Without the folders of this machine."""
        return text.replace(str(self.folder), "~/work").replace(self.env["HOME"], "~")


def somebody(root: Path, environments: Path | None) -> Somebody:
    """Make the person's folders."""
    home, folder = root / "you", root / "work"
    data = home / ".local/share/mlops-new"
    data.mkdir(parents=True)
    folder.mkdir()
    if environments:
        (data / "environments").symlink_to(environments.absolute())
    shutil.copy(DOCS / "customers.csv", folder)
    (home / ".gitconfig").write_text("[user]\n\tname = You\n\temail = you@example.com\n", encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "MLOPS_NEW_", "XDG_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return Somebody(folder, kept | {"HOME": str(home), "PATH": path})


def record_session(person: Somebody) -> None:
    """The picture of a terminal, and that of the build run's report."""
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
    for number, (folder, command, progress) in enumerate(SESSION):
        if number:
            console.print()
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
        out, err = person.type(folder, command)
        for line in f"{err if progress else ''}{out}".splitlines():
            if not _LEFT_OUT.match(line):
                console.print(coloured(line), no_wrap=True, overflow="ellipsis")
        if folder.endswith("-build") and command == "mlops-new run":
            picture(person, re.search(r"report +(~.*report\.html)", out))
    svg = console.export_svg(title="mlops-new", unique_id="session")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # nothing is fetched from another host
    (DOCS / "images" / "session.svg").write_text(svg, encoding="utf-8")


def coloured(line: str) -> Text:
    """A line as the terminal shows it."""
    text = Text(line)
    text.highlight_regex(r"^✓", "green")
    text.highlight_regex(r"^  (caught|missed|retrain|report|model|predictions|quality)\b", "cyan")
    text.highlight_regex(r"^Next:.*", "bold")
    return text


def picture(person: Somebody, match: re.Match[str] | None) -> None:
    """The head of a report, in a browser."""
    if match is None:
        raise SystemExit("the run made no report")
    report = Path(match[1].replace("~", person.env["HOME"], 1))
    target = DOCS / "images" / "report.png"
    subprocess.run(
        [
            "chromium",
            "--headless",
            "--no-sandbox",
            "--hide-scrollbars",
            "--window-size=960,900",
            f"--screenshot={target}",
            report.as_uri(),
        ],
        check=True,
        capture_output=True,
    )


def record_documents(person: Somebody) -> None:
    """What `--json` prints."""
    for folder, command in OWN_DATA:
        person.type(folder, command)
    for name, (folder, command) in DOCUMENTS.items():
        out, err = person.type(f"churn-deploy/{folder}", command)
        if not out:
            raise SystemExit(f"{command}: {err}")
        text = json.dumps(json.loads(out), indent=2, ensure_ascii=False)
        (DOCS / "json" / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Record all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environments", type=Path)
    parser.add_argument("--only", choices=["session", "documents"])
    given = parser.parse_args()
    with TemporaryDirectory() as root:
        person = somebody(Path(root), given.environments)
        if given.only != "session":
            record_documents(person)
        if given.only != "documents":
            record_session(person)


if __name__ == "__main__":
    main()
