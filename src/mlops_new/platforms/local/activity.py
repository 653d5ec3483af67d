"""What happens on this machine, for many projects at once."""

from collections.abc import Collection, Mapping
from contextlib import closing
from pathlib import Path

from mlops_new.platforms.local.database.database_file import Database
from mlops_new.platforms.local.home import Home
from mlops_new.ports.activity import Activity

_PIPELINES = "SELECT name, project FROM pipelines"
# SQLite takes the other columns from the row that has the maximum.
_EXECUTIONS = "SELECT pipeline, status, MAX(started) AS started FROM executions GROUP BY pipeline"
_MODELS = "SELECT package_group, MAX(version) AS version FROM model_packages WHERE status = 'Approved' GROUP BY 1"


class LocalActivities:
    """Looks into the registry without making one.

    Args:
        root: MLOPS_NEW_HOME.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def __call__(self, projects: Collection[str]) -> Mapping[str, Activity]:
        """For each project: three queries, however many there are."""
        if not Home(self._root).registry.exists():
            return {}
        with closing(Database(Home(self._root).registry)) as database, database.reading() as rows:
            owners = {str(row["name"]): str(row["project"]) for row in rows.execute(_PIPELINES)}
            executions = rows.execute(_EXECUTIONS)
            last = {str(row["pipeline"]): (str(row["status"]), str(row["started"])) for row in executions}
            models = {str(row["package_group"]): int(row["version"]) for row in rows.execute(_MODELS)}
        found: dict[str, set[str]] = {project: set() for project in projects}
        for name, project in owners.items():
            found.get(project, set()).add(name)
        return {project: _activity(names, last, models.get(project)) for project, names in found.items()}


def _activity(pipelines: set[str], last: Mapping[str, tuple[str, str]], model: int | None) -> Activity:
    return Activity(frozenset(pipelines), {name: last[name] for name in pipelines if name in last}, model)
