"""A table of somebody's own: looked at, proposed from, described, run; and what is no table makes nothing."""

import json
import os
import pty
import random
import secrets
import select
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from tests.e2e.program import Ended, explain_few_rows, mlops_new

pytestmark = pytest.mark.slow

NAME = f"churn-{secrets.token_hex(3)}"
ROWS = 400


@pytest.fixture(scope="module")
def customers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table with semicolons, decimal commas, booleans and blanks."""
    draws = random.Random(1)  # noqa: S311 (no secret)
    lines = ["customer;age;income;plan;active;source;churned"]
    for number in range(ROWS):
        age = draws.randint(18, 90)
        income = f"{draws.lognormvariate(8, 1):.2f}".replace(".", ",")
        words = [f"C{number:05}", age, income, draws.choice("abc"), draws.choice(["True", "False"]), "export"]
        churned = "yes" if (age > 50) != (draws.random() < 0.2) else "no"
        lines.append(";".join(map(str, [*words, churned])))
    file = tmp_path_factory.mktemp("table") / "customers.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def project(shared_home: Path, customers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the project that the table proposed."""
    folder = tmp_path_factory.mktemp("like")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLOPS_NEW_HOME", str(shared_home))
        made = mlops_new("project", NAME, "--like", customers, "--data", "target=churned", "--yes", "-C", folder)
    assert made.code == 0, made.err
    assert "id_columns: ['customer']  (together they tell all rows apart)" in made.err
    explain_few_rows(folder / f"{NAME}-build")
    return folder


def data_of(repository: Path) -> dict[str, object]:
    found: dict[str, object] = tomllib.loads((repository / "config.toml").read_text(encoding="utf-8"))["data"]
    return found


def test_the_table_proposes_the_answers(project: Path) -> None:
    data = data_of(project / f"{NAME}-build")
    assert {name: data[name] for name in ("target", "time", "ids", "features", "exclude", "decimal")} == {
        "target": "churned",
        "time": "",
        "ids": ["customer"],
        "features": [],
        "exclude": ["source"],
        "decimal": ",",
    }


def test_the_table_is_described(project: Path, customers: Path, working_home: Path) -> None:
    found = mlops_new("data", "--json", "--input", customers, "-C", project / f"{NAME}-build").document
    types = {column["name"]: column["type"] for column in found["columns"]}
    assert types["income"] == "number"
    assert types["active"] == "category"
    assert (found["rows"], found["suspicious"], found["problem"]) == (ROWS, [], "")
    told = mlops_new("data", "--input", customers, "-C", project / f"{NAME}-build")
    assert told.out.startswith(f"customers.csv: {ROWS} rows; features: 2 numbers, 2 categories; left out: source")


def test_what_is_suspicious_comes_first(project: Path, customers: Path, working_home: Path, tmp_path: Path) -> None:
    table = tmp_path / "odd.csv"
    lines = customers.read_text(encoding="utf-8").splitlines()
    rows = [f"{line};{number % 24:02}:30:00" for number, line in enumerate(lines[1:])]
    table.write_text("\n".join([f"{lines[0]};took", *rows]), encoding="utf-8")
    told = mlops_new("data", "--input", table, "-C", project / f"{NAME}-build")
    assert told.out.index("! took: text that would be durations, like '00:30:00'") < told.out.index("column ")


def test_a_clean_batch_raises_no_alarm_whatever_file_it_is(
    project: Path, customers: Path, working_home: Path, data_python: Path, tmp_path: Path
) -> None:
    build, deploy = project / f"{NAME}-build", project / f"{NAME}-deploy"
    built = mlops_new("run", "--json", "--input", customers, "-C", build)
    assert built.code == 0, built.err
    assert built.err.startswith(f"customers.csv: {ROWS} rows; features: 2 numbers, 2 categories; left out: source\n")
    assert mlops_new("models", "approve", "1", "-C", build).code == 0
    program = (
        "import pandas as pd, sys; t = pd.read_csv(sys.argv[1], sep=';', decimal=',').drop(columns='churned');"
        "t['plan'] = ' ' + t['plan'] + ' '; t.set_index('customer').to_parquet(sys.argv[2] + '/t.parquet');"
        "t.to_csv(sys.argv[2] + '/t.csv', index=False, sep='\\t', decimal=',')"
    )
    subprocess.run([str(data_python), "-c", program, str(customers), str(tmp_path)], check=True)
    for name in ("t.parquet", "t.csv"):
        ended = mlops_new("run", "--json", "--input", tmp_path / name, "-C", deploy)
        assert ended.code == 0, ended.err
        outputs = ended.document["outputs"]
        found = json.loads((Path(outputs["data_quality"]) / "constraint_violations.json").read_text(encoding="utf-8"))
        assert found["violations"] == []
        lines = (Path(outputs["predictions"]) / "predictions.csv").read_text(encoding="utf-8").splitlines()
        assert len(lines) == ROWS + 1


@pytest.mark.parametrize(
    ("content", "answers", "message"),
    [
        ("", ("target=y",), "is empty (0 bytes)"),
        ("x,x,y\n1,2,3\n", ("target=y",), "several columns called x"),
        ("x,y\n1,2\n3,4\n", ("target=z",), "no column 'z', the target"),
        ("x,y\n1,2\n3,4\n", (), "which column is to be predicted"),
    ],
)
def test_a_bad_table_makes_nothing(
    working_home: Path, data_python: Path, tmp_path: Path, content: str, answers: tuple[str, ...], message: str
) -> None:
    (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    name = f"bad-{secrets.token_hex(3)}"
    given = [word for answer in answers for word in ("--data", answer)]
    ended = mlops_new("project", name, "--like", tmp_path / "t.csv", *given, "--yes", "-C", tmp_path)
    assert ended.code == 2
    assert message in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]
    assert not (working_home / "git" / f"{name}-build.git").exists()


def test_the_wizard_has_the_proposals_for_defaults(
    working_home: Path, data_python: Path, customers: Path, tmp_path: Path
) -> None:
    """Enter to everything, but for the target, which nobody can guess."""
    name = f"asked-{secrets.token_hex(3)}"
    command = [sys.executable, "-m", "mlops_new", "project", name, "--like", str(customers), "-C", str(tmp_path)]
    ended = typed(command, first="churned")
    assert ended.code == 0, ended.out
    data = data_of(tmp_path / f"{name}-build")
    assert (data["target"], data["ids"], data["decimal"], data["exclude"]) == ("churned", ["customer"], ",", ["source"])


def typed(command: list[str], *, first: str) -> Ended:
    """Run a command on a terminal: an answer to its first question, then Enter to whatever it asks."""
    parent, child = pty.openpty()
    process = subprocess.Popen(command, stdin=child, stdout=child, stderr=child, env={**os.environ, "TERM": "xterm"})
    os.close(child)
    shown, answers, quiet = b"", [first.encode()], time.monotonic()
    try:
        while process.poll() is None and time.monotonic() - quiet < 600:
            if select.select([parent], [], [], 0.5)[0]:
                try:
                    shown += os.read(parent, 65536)
                except OSError:  # the terminal closes with the last process on it
                    break
                quiet = time.monotonic()
            elif b"Column that is to be predicted" in shown:
                os.write(parent, (answers.pop() if answers else b"") + b"\r")
        return Ended(process.wait(300), shown.decode(errors="replace"), "")
    finally:
        if process.poll() is None:
            process.kill()
        os.close(parent)
