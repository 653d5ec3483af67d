"""One frozen dataclass for each thing that can be done; its sentence is what the plan shows."""

from dataclasses import dataclass
from pathlib import Path

from mlops_new.names import Kind
from mlops_new.ports.host_setup import SetUp
from mlops_new.ports.step import Step


@dataclass(frozen=True)
class PublishTemplate(Step):
    """Put a template version into the template repository."""

    url: str
    version: str
    create: bool

    action = "publish template"
    subject = "url"

    def __str__(self) -> str:
        return f"Publish template {self.version} to {self.url}"


@dataclass(frozen=True)
class Render(Step):
    """Render working copies and commit them: all of them or none."""

    paths: tuple[tuple[Kind, Path], ...]
    version: str

    action = "render"

    @property
    def target(self) -> str:
        """The working copies."""
        return ", ".join(str(path) for _, path in self.paths)

    def __str__(self) -> str:
        return f"Render {self.target} from template {self.version}"


@dataclass(frozen=True)
class Clone(Step):
    """Fetch a working copy of a repository that is hosted already."""

    kind: Kind
    url: str
    path: Path

    action = "clone"
    subject = "path"

    def __str__(self) -> str:
        return f"Clone {self.url} to {self.path}"


@dataclass(frozen=True)
class CreateRepository(Step):
    """Create a repository on the Git host."""

    kind: Kind
    slug: str
    url: str

    action = "create repository"
    subject = "url"

    def __str__(self) -> str:
        return f"Create repository {self.url}"


@dataclass(frozen=True)
class Push(Step):
    """Push `main` for the first time."""

    kind: Kind
    path: Path
    url: str

    action = "push"
    subject = "url"

    def __str__(self) -> str:
        return f"Push main to {self.url}"


@dataclass(frozen=True)
class Register(Step):
    """Create or update a pipeline on the platform."""

    kind: Kind
    pipeline: str
    path: Path
    file: str
    update: bool

    action = "register pipeline"
    subject = "pipeline"

    def __str__(self) -> str:
        return f"{'Update' if self.update else 'Register'} pipeline {self.pipeline} from {self.file}"


@dataclass(frozen=True)
class CreateGroup(Step):
    """Create the group that holds the versions of the project's model."""

    name: str

    action = "create model package group"
    subject = "name"

    def __str__(self) -> str:
        return f"Create model package group {self.name}"


ProjectStep = PublishTemplate | Render | Clone | CreateRepository | SetUp | Push | CreateGroup | Register
