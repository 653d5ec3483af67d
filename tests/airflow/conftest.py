"""These tests run Airflow, in environments that `MLOPS_NEW_AIRFLOW2_PYTHON` and `MLOPS_NEW_AIRFLOW3_PYTHON` name."""

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.airflow.world import Airflow, Project, Service, Session, served, tables
from tests.e2e.program import mlops_new

VARIABLES = {version: f"MLOPS_NEW_AIRFLOW{version}_PYTHON" for version in (2, 3)}
HERE = {version: os.environ[variable] for version, variable in VARIABLES.items() if os.environ.get(variable)}

# Each is 400 MB: where nobody says that it is there, these tests do not exist.
collect_ignore_glob = [] if HERE else ["test_*.py"]


@dataclass(frozen=True)
class World:
    """A project, the service it runs on, and one version of Airflow that has read its DAGs."""

    project: Project
    service: Service
    airflow: Airflow
    session: Session
    tables: dict[str, Path]
    version: int

    def dag(self, short: str) -> str:
        """The name of one of the project's DAGs."""
        return f"{self.project.name}-{short}"

    def date(self, day: int) -> str:
        """A run date that the other version does not use."""
        return f"2026-{self.version + 4:02}-{day:02}"

    def models(self) -> list[Any]:
        """The registered model packages."""
        answer = self.service.client("sagemaker").list_model_packages(ModelPackageGroupName=self.project.name)
        return list(answer["ModelPackageSummaryList"])

    def put(self, table: str, place: str, date: str) -> None:
        """Let a table arrive where the DAGs look for it."""
        key = f"{self.project.name}/{place}/{date}.csv"
        self.service.client("s3").upload_file(str(self.tables[table]), "mlops-new", key)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One `MLOPS_NEW_HOME` for all of these tests: its environment takes a minute to make."""
    cache = os.environ.get("MLOPS_NEW_TEST_CACHE")
    return Path(cache) if cache else tmp_path_factory.getbasetemp() / "home"


@pytest.fixture(autouse=True)
def _at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPS_NEW_HOME", str(home))


@pytest.fixture(scope="session")
def service(home: Path) -> Iterator[Service]:
    """`mlops-new serve` on that home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLOPS_NEW_HOME", str(home))
        with served() as found:
            yield found


@pytest.fixture(scope="session")
def project(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A new project with little to compute."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLOPS_NEW_HOME", str(home))
        return Project.make(f"dag-{secrets.token_hex(3)}", tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module", params=list(HERE), ids=lambda version: f"airflow{version}")
def world(
    request: pytest.FixtureRequest, project: Project, service: Service, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Each version of Airflow, with a database of its own."""
    environment = {**service.environment, "AIRFLOW__CORE__DAGS_FOLDER": str(project.dags.parent)}
    airflow = Airflow(Path(HERE[request.param]), tmp_path_factory.mktemp("airflow"), environment)
    airflow.migrate()
    with airflow.session() as session:
        yield World(project, service, airflow, session, tables(tmp_path_factory.mktemp("tables")), request.param)


@pytest.fixture(scope="module")
def built(world: World, home: Path) -> World:
    """The same, after the DAG has built a model. The first is built in an image that it is told, and approved."""
    date, build = world.date(3), world.project.build
    world.put("training", "training", date)
    registered = world.models()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLOPS_NEW_HOME", str(home))
        conf = {} if registered else {"image": mlops_new("image", "--json", "-C", build).document["image"]}
        # As a decision to retrain would start it: at another date than the one that is meant.
        ended = world.session.run(world.dag("build"), world.date(20), {"run_date": date, **conf})
        assert ended.state == "success", ended.log
        if not registered:
            assert mlops_new("models", "approve", "1", "-C", build).code == 0
    assert {ended.tasks[name] for name in ("prepare", "ingest", "parameters", "pipeline")} == {"success"}
    assert ended.events == []
    assert len(world.service.executions(world.project, "build", date)) == 1
    assert world.service.executions(world.project, "build", world.date(20)) == []
    assert len(world.models()) == len(registered) + 1
    return world
