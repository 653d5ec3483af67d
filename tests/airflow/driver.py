"""Runs DAGs by `dag.test()`, in a process of Airflow's own Python: one request a line, one answer a line.

A request is `{"dag", "date", "conf"}`. An answer tells how the run and its tasks ended, what was triggered, and which
events the predictions' asset got. What Airflow logs, wherever it does, goes to stderr.
"""

import json
import os
import sys
from datetime import datetime
from typing import Any

from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import select

try:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.asset import AssetEvent

    DATE = "logical_date"
except ImportError:  # Airflow 2.11
    import airflow.providers.fab.auth_manager.models  # noqa: F401 (a table refers to its own)
    from airflow.models.dagbag import DagBag
    from airflow.models.dataset import DatasetEvent as AssetEvent

    DATE = "execution_date"


def main() -> None:
    """Answer until there are no more requests."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        for line in sys.stdin:
            answers.write(json.dumps(answer(json.loads(line))) + "\n")
            answers.flush()


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Run a DAG as its file stands now."""
    bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    if bag.import_errors:
        return {"state": "not read", "errors": bag.import_errors}
    if hasattr(bag, "sync_to_db"):
        bag.sync_to_db()  # which `dag.test()` of Airflow 3 does itself
    date = datetime.fromisoformat(request["date"])
    run = bag.dags[request["dag"]].test(run_conf=request["conf"], **{DATE: date})
    with create_session() as session:
        found = session.scalar(select(DagRun).where(DagRun.id == run.id))
        states = {task.task_id: str(task.state) for task in found.get_task_instances(session=session)}
        others = session.scalars(select(DagRun).where(DagRun.run_id.startswith("retrain__"))).all()
        return {
            "state": str(found.state),
            "tasks": states,
            "retrainings": {other.run_id: [other.dag_id, other.conf] for other in others},
            "events": [event.extra for event in session.scalars(select(AssetEvent)).all()],
        }


if __name__ == "__main__":
    main()
