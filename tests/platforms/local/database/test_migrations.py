"""Registries that an older version has written."""

import sqlite3
from pathlib import Path

from mlops_new.platforms.local.database.database_file import _MIGRATIONS, Database
from mlops_new.platforms.local.database.group_table import ModelPackageGroups
from mlops_new.platforms.local.database.model_table import ModelRegistry
from mlops_new.platforms.local.database.pipeline_table import PipelineTable


def test_a_registry_of_an_older_version_keeps_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite3"
    older = sqlite3.connect(path)
    older.executescript(_MIGRATIONS[0])
    older.execute("INSERT INTO pipelines VALUES ('p', '{}', 'd', 'project', 'build', '2026-01-01', '2026-01-02')")
    for version in (1, 2):
        package = (
            "group",
            version,
            "Approved",
            f"2026-01-0{version}",
            "e",
            str(version),
            '{"ModelApprovalStatus": ""}',
        )
        older.execute("INSERT INTO model_packages VALUES (?, ?, ?, ?, ?, ?, ?)", package)
    older.execute("PRAGMA user_version = 1")
    older.commit()
    older.close()

    database = Database(path)
    found = PipelineTable(database).find("p")
    assert found is not None
    assert (found.project, found.created, found.about) == ("project", "2026-01-01", {})
    assert [one.created for one in ModelPackageGroups(database).all()] == ["2026-01-01"]
    models = ModelRegistry(database)
    models.remove_model_package("group", 2)
    document = {"ModelApprovalStatus": "Approved"}
    assert models.add_model_package("group", "e", "3", lambda _: document).version == 3
    assert [package.version for package in models.model_packages("group")] == [3, 1]
    database.close()
