"""The door to Copier."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mlops_new.names import Kind


@dataclass(frozen=True)
class Template:
    """Where the repositories are rendered from: a Git URL that updates can reach, and the tag."""

    url: str
    version: str


class Templates(Protocol):
    """The door to Copier."""

    def resolve(
        self,
        template: Template | None,
        data: Mapping[str, Any],
        *,
        ask: bool,
        env: Mapping[str, str] | None = None,
        recorded: Mapping[str, Any] | None = None,
        proposed: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Every question answered: by data, else by a person if `ask`, else as recorded, else by its default.

        `Invalid` when data is refused; what is recorded and refused has its default.

        The packaged template's, where none is named; otherwise `env` lets git read it. What is proposed is a default.
        """
        ...

    def render(
        self,
        template: Template,
        kind: Kind,
        answers: Mapping[str, Any],
        destination: Path,
        env: Mapping[str, str],
    ) -> None:
        """Render one repository into an empty place; `env` lets git read the template."""
        ...

    def rerender(self, template: Template, answers: str, destination: Path, env: Mapping[str, str]) -> None:
        """Render one repository anew from the text of its answers file, as an update does."""
        ...
