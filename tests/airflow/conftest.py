"""These tests run Airflow, in environments that `MLOPS_NEW_AIRFLOW2_PYTHON` and `MLOPS_NEW_AIRFLOW3_PYTHON` name."""

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.airflow.world import Airflow, Project, Service, Session, served, tables
from tests.e2e.program import mlops_new

VARIABLES = {f"Airflow {version}": f"MLOPS_NEW_AIRFLOW{version}_PYTHON" for version in (2, 3)}
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

    def dag(self, short: str) -> str:
        """The name of one of the project's DAGs."""
        return f"{self.project.name}-{short}"

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


@pytest.fixture(scope="module", params=list(HERE))
def world(
    request: pytest.FixtureRequest, home: Path, service: Service, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """A new project and a new Airflow of each version."""
    folder = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLOPS_NEW_HOME", str(home))
        project = Project.make(f"dag-{secrets.token_hex(3)}", folder)
        environment = {**service.environment, "AIRFLOW__CORE__DAGS_FOLDER": str(project.deploy)}
        airflow = Airflow(Path(HERE[request.param]), tmp_path_factory.mktemp("airflow"), environment)
        airflow.migrate()
        with airflow.session() as session:
            yield World(project, service, airflow, session, tables(folder))


@pytest.fixture(scope="module")
def built(world: World, home: Path) -> World:
    """The same, with a model that was built by the DAG and approved by a person."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLOPS_NEW_HOME", str(home))
        image = mlops_new("image", "--json", "-C", world.project.build).document["image"]
        world.put("training", "training", "2026-06-03")
        ended = world.session.run(world.dag("build"), "2026-06-03", {"image": image})
        assert ended.state == "success", ended.log
        assert {ended.tasks[name] for name in ("prepare", "ingest", "parameters", "pipeline")} == {"success"}
        assert ended.events == []
        approved = mlops_new("models", "approve", "1", "-C", world.project.build)
        assert approved.code == 0, approved.err
    return world
