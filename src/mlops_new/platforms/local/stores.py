"""What is kept on this machine."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mlops_new.platforms.local.database.database_file import Database
from mlops_new.platforms.local.database.execution_table import ExecutionTable
from mlops_new.platforms.local.database.model_table import ModelRegistry
from mlops_new.platforms.local.database.pipeline_table import PipelineTable
from mlops_new.platforms.local.database.step_table import StepTable
from mlops_new.platforms.local.home import Home
from mlops_new.platforms.local.images.local_image import ImageStore
from mlops_new.platforms.local.store.object_store import ObjectStore


@dataclass(frozen=True)
class Stores:
    """What is kept below one home."""

    home: Home
    database: Database
    pipelines: PipelineTable
    executions: ExecutionTable
    steps: StepTable
    models: ModelRegistry
    objects: ObjectStore
    images: ImageStore

    @classmethod
    def open(cls, root: Path, open_database: Callable[[Path], Database] = Database) -> "Stores":
        """What is kept below MLOPS_NEW_HOME, which is made where it is missing.

        Raises:
            Error: The home or its registry cannot be used.
        """
        home = Home.open(root)
        with home.lock("registry"):  # two that open a new one at once would both make it
            database = open_database(home.registry)
        return cls(
            home,
            database,
            PipelineTable(database),
            ExecutionTable(database),
            StepTable(database),
            ModelRegistry(database),
            ObjectStore(home.objects),
            ImageStore(home),
        )
