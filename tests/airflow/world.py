"""What the DAGs run against: a project of this machine, `mlops-new serve`, and an Airflow in a process of its own."""

import contextlib
import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import boto3

from tests.e2e.program import mlops_new

DRIVER = Path(__file__).with_name("driver.py")
SAMPLE = Path(__file__).parents[2] / "templates" / "deploy" / "data"
STORES = ("S01", "S02", "S03")
FORECAST = "2026-06-04"  # the first day whose sales are not known
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-north-1"}
# A week for evaluation, few trees and few rows to explain: what is tested is that everything fits together.
QUICK = {"evaluation = 56": "evaluation = 7", "max_iter = 500": "max_iter = 20", "bags = 10": "bags = 1"}
# The bucket of this machine, no waiting for what takes seconds, a model that is approved today for dates of the past,
# and a decision that little data does not make.
HERE = {
    "check_seconds = 60": "check_seconds = 1",
    'bucket = ""': 'bucket = "mlops-new"',
    'model = "then"': 'model = "now"',
    "drifted_features = 0.3": "drifted_features = 0",
    "attribution_ndcg = 0.9": "attribution_ndcg = 0",
    "worse_metrics = 1": "worse_metrics = 0",
}
EXPLAIN = "\n[monitoring.attribution]\nrows = 40\nclusters = 2\nsamples = 32\n"


@dataclass(frozen=True)
class Project:
    """A project whose repositories are on this machine.

    Args:
        name: Its name.
        folder: Where both working copies are.
    """

    name: str
    folder: Path

    @classmethod
    def make(cls, name: str, folder: Path) -> "Project":
        """Make both repositories, with little to compute."""
        made = mlops_new("project", name, "--yes", "-C", folder, "--data", "metric_threshold=10")
        assert made.code == 0, made.err
        project = cls(name, folder)
        edit(project.build / "config.toml", QUICK)
        with (project.build / "config.toml").open("a", encoding="utf-8") as config:
            config.write(EXPLAIN)
        edit(project.deploy / "config.toml", HERE)
        project.publish()
        return project

    def publish(self) -> None:
        """Put the DAGs where Airflow looks for them."""
        for command in (
            ["git", "commit", "--quiet", "--all", "--message", "Set up Airflow"],
            ["make", "--silent", "publish-dags", f"DAGS={self.dags}"],
        ):
            subprocess.run(command, cwd=self.deploy, check=True)

    @property
    def dags(self) -> Path:
        """Where Airflow finds what it needs."""
        return self.folder / "dags" / self.name

    @property
    def build(self) -> Path:
        """The build repository."""
        return self.folder / f"{self.name}-build"

    @property
    def deploy(self) -> Path:
        """The deploy repository."""
        return self.folder / f"{self.name}-deploy"


def edit(file: Path, changes: Mapping[str, str]) -> None:
    """Replace text that must be there once."""
    text = file.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert text.count(old) == 1, f"{old!r} in {file}"
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


def tables(folder: Path) -> dict[str, Path]:
    """A small part of the sample: what a model is trained with, what it predicts for, what really happened."""
    week, truth = (rows(SAMPLE / name) for name in ("next_week.csv", "next_week_truth.csv"))
    days = sorted({row["date"] for row in truth})
    parts = {
        "training": [row for row in week if row["date"] < FORECAST],
        "input": week,
        **{
            f"truth of Airflow {version}": [row for row in truth if row["date"] in some]
            for version, some in ((2, days[:3]), (3, days[3:]))
        },
        "spoilt": [{name: value for name, value in row.items() if name != "price"} for row in week],
    }
    return {name: _write(folder / f"{name}.csv", part) for name, part in parts.items()}


def rows(file: Path) -> list[dict[str, str]]:
    """The rows of a table that are of a few stores."""
    with file.open(encoding="utf-8", newline="") as lines:
        return [row for row in csv.DictReader(lines) if row["store"] in STORES]


def _write(file: Path, part: list[dict[str, str]]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(part[0]))
        writer.writeheader()
        writer.writerows(part)
    return file


@dataclass(frozen=True)
class Service:
    """`mlops-new serve`, as a client sees it.

    Args:
        environment: What it told clients to export.
    """

    environment: Mapping[str, str]

    def client(self, service: str) -> Any:
        """A boto3 client."""
        told = self.environment
        return boto3.client(
            service,
            region_name=told["AWS_DEFAULT_REGION"],
            endpoint_url=told["AWS_ENDPOINT_URL"],
            aws_access_key_id=told["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=told["AWS_SECRET_ACCESS_KEY"],
        )

    def executions(self, project: Project, short: str, name: str | None = None) -> list[dict[str, Any]]:
        """A pipeline's executions, or those of a display name."""
        answer = self.client("sagemaker").list_pipeline_executions(PipelineName=f"{project.name}-{short}")
        found: list[dict[str, Any]] = answer["PipelineExecutionSummaries"]
        return [known for known in found if name in {None, known.get("PipelineExecutionDisplayName")}]


@contextlib.contextmanager
def served() -> Iterator[Service]:
    """A server of its own, on the home of this test run."""
    command = [sys.executable, "-m", "mlops_new", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL) as server:
        try:
            yield Service({**CREDENTIALS, **_told(server.stdout)})
        finally:
            server.terminate()


def _told(lines: IO[str] | None) -> dict[str, str]:
    assert lines is not None
    told: dict[str, str] = {}
    for line in lines:
        told |= dict(re.findall(r"export (\w+)=(\S+)", line))
        if "AWS_ENDPOINT_URL" in told and "AWS_ACCESS_KEY_ID" in told:
            break
    return told


@dataclass(frozen=True)
class Airflow:
    """One version of Airflow with a database of its own.

    Args:
        python: Its interpreter.
        home: AIRFLOW_HOME.
        environment: What its processes see beside it.
    """

    python: Path
    home: Path
    environment: Mapping[str, str]

    def migrate(self) -> None:
        """Make the database."""
        command = [str(self.python.parent / "airflow"), "db", "migrate"]
        done = subprocess.run(command, env=self._environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    @contextlib.contextmanager
    def session(self) -> Iterator["Session"]:
        """A process that runs one DAG after the other."""
        log = self.home / "driver.log"
        with (
            log.open("a", encoding="utf-8") as sink,
            subprocess.Popen(
                [str(self.python), "-W", "ignore", str(DRIVER)],
                env=self._environment(),
                cwd=self.home,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=sink,
                text=True,
            ) as process,
        ):
            try:
                yield Session(process, log)
            finally:
                process.kill()
                process.communicate()

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            **self.environment,
        }


@dataclass(frozen=True)
class Session:
    """A process that runs DAGs."""

    process: "subprocess.Popen[str]"
    log: Path

    def start(self, dag: str, date: str, conf: Mapping[str, Any] | None = None) -> None:
        """Ask for a run, and do not wait."""
        assert self.process.stdin is not None
        request = {"dag": dag, "date": f"{date}T04:00:00+00:00", "conf": dict(conf or {})}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def answer(self, said: int) -> "Ended":
        """How the run ended that was asked for, when the log had so many characters."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        log = self.log.read_text(encoding="utf-8")[said:]
        assert line, log
        return Ended(log, **json.loads(line))

    def run(self, dag: str, date: str, conf: Mapping[str, Any] | None = None) -> "Ended":
        """Run a DAG to its end."""
        said = len(self.log.read_text(encoding="utf-8"))
        self.start(dag, date, conf)
        return self.answer(said)


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Args:
        log: All that Airflow said meanwhile.
        state: Of the run.
        tasks: The state of each task.
        retrainings: Runs that were triggered, as [DAG, conf] by run id: of this and of earlier runs.
        events: What was told to those who wait for predictions, by this and by earlier runs.
        errors: Why the DAGs could not be read.
    """

    log: str
    state: str
    tasks: Mapping[str, str]
    retrainings: Mapping[str, Any]
    events: list[Any]
    errors: Any = None
