"""Asks a running Airflow what its web interface would ask it, in Airflow's own Python: one request a line.

A request is `{"do": "ready" | "trigger" | "state" | "fail", …}`; each is answered by a line of JSON.
"""

import json
import os
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

from airflow.api.common.mark_tasks import set_dag_run_state_to_failed
from airflow.api.common.trigger_dag import trigger_dag
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import select

try:
    from airflow.models.dagbag import DBDagBag
    from airflow.utils.types import DagRunTriggeredByType

    VERSION = 3
except ImportError:  # Airflow 2.11
    import airflow.providers.fab.auth_manager.models  # noqa: F401 (a table refers to its own)
    from airflow.models.serialized_dag import SerializedDagModel

    VERSION = 2


def main() -> None:
    """Answer until there are no more requests."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        for line in sys.stdin:
            request = json.loads(line)
            answers.write(json.dumps(DOES[request.pop("do")](**request)) + "\n")
            answers.flush()


def ready(dags: list[str]) -> bool:
    """Whether the scheduler knows the DAGs; they are not paused any more."""
    with create_session() as session:
        known = list(session.scalars(select(DagModel).where(DagModel.dag_id.in_(dags))))
        for dag in known:
            dag.is_paused = False
        return len(known) == len(dags) and all(_dag(dag.dag_id, session) is not None for dag in known)


def trigger(dag: str, run: str, date: str, conf: dict[str, Any]) -> str:
    """Start a run, as a person does who names a date."""
    moment = datetime.fromisoformat(date)
    try:
        if VERSION == 3:
            trigger_dag(dag, run_id=run, conf=conf, logical_date=moment, triggered_by=DagRunTriggeredByType.REST_API)
        else:
            trigger_dag(dag, run_id=run, conf=conf, execution_date=moment)
    except Exception as error:  # noqa: BLE001 (whatever refuses the run is what is asked about)
        return str(error)
    return ""


def state(dag: str, run: str) -> dict[str, Any]:
    """The state of a run and of its tasks."""
    with create_session() as session:
        found = session.scalar(select(DagRun).where(DagRun.dag_id == dag, DagRun.run_id == run))
        return {
            "state": str(getattr(found.state, "value", found.state)),
            "tasks": {task.task_id: str(task.state) for task in found.get_task_instances(session=session)},
        }


def fail(dag: str, run: str) -> None:
    """Mark a run as failed, as a person does."""
    with create_session() as session:
        set_dag_run_state_to_failed(dag=_dag(dag, session), run_id=run, commit=True, session=session)


def _dag(name: str, session: Any) -> Any:
    if VERSION == 3:
        return DBDagBag().get_latest_version_of_dag(name, session=session)
    return SerializedDagModel.get_dag(name, session=session)


DOES: dict[str, Callable[..., Any]] = {"ready": ready, "trigger": trigger, "state": state, "fail": fail}

if __name__ == "__main__":
    main()
