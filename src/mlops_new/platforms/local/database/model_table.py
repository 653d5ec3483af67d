"""Models and model packages of this machine. Every change is one transaction."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mlops_new.errors import Invalid
from mlops_new.platforms.local.database.database_file import Database
from mlops_new.platforms.local.database.group_table import next_version
from mlops_new.platforms.local.database.records import now, package_arn
from mlops_new.ports.executions import Execution, ModelPackage, approval

_LARGEST = 2**63 - 1  # SQLite keeps no larger number
APPROVALS = ("Approved", "Rejected", "PendingManualApproval")


class ModelRegistry:
    """Models by name, model packages by group and version.

    Args:
        database: Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_model(self, name: str, document: Mapping[str, Any]) -> None:
        """Keep what CreateModel was given."""
        with self._database.transaction() as rows:
            rows.execute("INSERT OR REPLACE INTO models VALUES (?, ?, ?)", (name, now(), json.dumps(dict(document))))

    def find_model(self, name: str) -> dict[str, Any] | None:
        """What CreateModel was given, or None."""
        with self._database.reading() as rows:
            row = rows.execute("SELECT document FROM models WHERE name = ?", (name,)).fetchone()
        return None if row is None else dict(json.loads(row["document"]))

    def add_model_package(
        self, group: str, execution: str, step: str, describe: Callable[[int], dict[str, Any]]
    ) -> ModelPackage:
        """Register the next version of a group; a step that has registered one already gets that one.

        Args:
            group: The model package group, made by its first version.
            execution: Who registers,
            step: and by which step: at most one version for both together.
            describe: Makes the document when the version number is known.
        """
        with self._database.transaction() as rows:
            query = "SELECT * FROM model_packages WHERE execution = ? AND step = ?"
            row = rows.execute(query, (execution, step)).fetchone()
            if row is None:
                version = next_version(rows, group)
                document = describe(version)
                rows.execute(
                    "INSERT INTO model_packages VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (group, version, document["ModelApprovalStatus"], now(), execution, step, json.dumps(document)),
                )
                row = rows.execute(query, (execution, step)).fetchone()
        return _package(row)

    def registered_by(self, execution: Execution, group: str) -> ModelPackage | None:
        """The model version that a run has registered, or None."""
        return next((package for package in self.model_packages(group) if package.execution == execution.id), None)

    def model_packages(self, group: str) -> list[ModelPackage]:
        """The versions of a group, the latest first; none when there is no such group."""
        with self._database.reading() as rows:
            query = "SELECT * FROM model_packages WHERE package_group = ? ORDER BY version DESC"
            return [_package(row) for row in rows.execute(query, (group,))]

    def model_package(self, group: str, version: int) -> ModelPackage:
        """One version.

        Raises:
            Invalid: There is none.
        """
        with self._database.reading() as rows:
            return _package(_package_row(rows, group, version))

    def set_approval(self, group: str, version: int, status: str, note: str = "") -> ModelPackage:
        """Approve or reject a version.

        Raises:
            Invalid: There is none, or that is no approval status.
        """
        if status not in APPROVALS:
            raise Invalid(f"{status!r} is no approval status", hint="one of " + ", ".join(APPROVALS))

        def decided(document: dict[str, Any]) -> dict[str, Any]:
            document.pop("ApprovalDescription", None)
            properties = {**document.get("CustomerMetadataProperties", {}), **approval(status)}
            about = {"ModelApprovalStatus": status, "CustomerMetadataProperties": properties}
            return document | about | ({"ApprovalDescription": note} if note else {})

        return self.change_model_package(group, version, decided)

    def change_model_package(
        self, group: str, version: int, change: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> ModelPackage:
        """Replace a version's document by what becomes of it.

        Raises:
            Invalid: There is none.
        """
        with self._database.transaction() as rows:
            document = change(json.loads(_package_row(rows, group, version)["document"]))
            document["LastModifiedTime"] = now()
            rows.execute(
                "UPDATE model_packages SET status = ?, document = ? WHERE package_group = ? AND version = ?",
                (document["ModelApprovalStatus"], json.dumps(document), group, version),
            )
            return _package(_package_row(rows, group, version))

    def forget_models(self, executions: Iterable[str]) -> None:
        """Delete the models that executions made; the names begin as SageMaker's pipelines name theirs."""
        with self._database.transaction() as rows:
            made = [(f"pipelines-{execution}-*",) for execution in executions]
            rows.executemany("DELETE FROM models WHERE name GLOB ?", made)

    def remove_model_package(self, group: str, version: int) -> None:
        """Delete a version; its number is not given again.

        Raises:
            Invalid: There is none.
        """
        with self._database.transaction() as rows:
            _package_row(rows, group, version)
            rows.execute("DELETE FROM model_packages WHERE package_group = ? AND version = ?", (group, version))
            rows.execute("DELETE FROM tags WHERE resource = ?", (f"model-package/{group}/{version}",))


def described(request: Mapping[str, Any], group: str, version: int) -> dict[str, Any]:
    """DescribeModelPackage's answer for what CreateModelPackage was asked for."""
    moment = now()
    return {
        "ModelApprovalStatus": "PendingManualApproval",
        **{name: value for name, value in request.items() if name not in {"Tags", "ClientToken"}},
        "ModelPackageGroupName": group,
        "ModelPackageVersion": version,
        "ModelPackageArn": package_arn(group, version),
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "CertifyForMarketplace": False,
        "CreationTime": moment,
        "LastModifiedTime": moment,
    }


def _package_row(rows: sqlite3.Connection, group: str, version: int) -> sqlite3.Row:
    query = "SELECT * FROM model_packages WHERE package_group = ? AND version = ?"
    row: sqlite3.Row | None = None
    if abs(version) <= _LARGEST:
        row = rows.execute(query, (group, version)).fetchone()
    if row is None:
        raise Invalid(f"{group!r} has no model version {version}", hint="`mlops-new models list` shows those it has")
    return row


def _package(row: sqlite3.Row) -> ModelPackage:
    return ModelPackage(
        group=row["package_group"],
        version=row["version"],
        arn=package_arn(row["package_group"], row["version"]),
        status=row["status"],
        created=row["created"],
        execution=row["execution"],
        document=json.loads(row["document"]),
    )
