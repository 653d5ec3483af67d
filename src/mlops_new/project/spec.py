"""What a person asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_new.names import Kind, Mark, slug
from mlops_new.ports.templates import Template


@dataclass(frozen=True)
class ProjectSpec:
    """What a person asked for.

    Args:
        name: The project's name; every other name is made from it.
        directory: The folder that the two working copies go into.
        answers: The template's questions, all answered.
        template: What is rendered.
    """

    name: str
    directory: Path
    answers: Mapping[str, Any]
    template: Template

    def path(self, kind: Kind) -> Path:
        """The working copy of one repository."""
        return self.directory / slug(self.name, kind)

    def mark(self, kind: Kind) -> Mark:
        """The mark that everything made for one repository carries."""
        return Mark(self.name, kind.value)
