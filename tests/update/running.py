"""Updates in this process, from renders that Copier makes once: a tenth of the time of the program as a whole."""

import contextlib
import hashlib
import io
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlops_new.cli.adapters import Say, connect
from mlops_new.cli.commands import update as command
from mlops_new.cli.console import Console
from mlops_new.errors import Error
from mlops_new.names import Kind
from mlops_new.ports.templates import Template
from mlops_new.project.context import Context
from mlops_new.settings.load import Host, PlatformName, Settings
from mlops_new.system import worker_pool
from mlops_new.template.copier import Copier
from mlops_new.update.prepare import Goal
from tests.e2e.program import Ended


class Remembering(Copier):
    """Copier, which renders nothing twice.

    Args:
        folder: Keeps the renders.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def render(
        self,
        template: Template,
        kind: Kind,
        answers: Mapping[str, Any],
        destination: Path,
        env: Mapping[str, str],
    ) -> None:
        """Render, or copy what was rendered before."""
        asked = f"{template.url} {template.version} {kind} {sorted(answers.items())}"
        render = super().render
        self._once(asked, destination, lambda: render(template, kind, answers, destination, env))

    def rerender(self, template: Template, answers: str, destination: Path, env: Mapping[str, str]) -> None:
        """Render, or copy what was rendered before."""
        asked = f"{template.url} {template.version} {answers}"
        render = super().rerender
        self._once(asked, destination, lambda: render(template, answers, destination, env))

    def _once(self, asked: str, destination: Path, render: Callable[[], None]) -> None:
        kept = self._folder / hashlib.sha256(asked.encode()).hexdigest()
        if not kept.exists():
            render()
            shutil.copytree(destination, kept)
        else:
            shutil.copytree(kept, destination)


@dataclass(frozen=True)
class Updates:
    """Runs `mlops-new update NAME --yes --json`.

    Args:
        renders: Keeps the renders.
        context: The outside; None: a folder of bare repositories.
    """

    renders: Path
    context: Callable[[], Context] | None = None

    def __call__(
        self,
        name: str | None,
        directory: Path,
        home: Path,
        *,
        to: str | None = None,
        template: str | None = None,
        every: bool = False,
        dry_run: bool = False,
        yes: bool = True,
        resolve: bool = False,
        go_on: bool = False,
    ) -> Ended:
        """Run it with these flags."""
        flags = {"dry_run": dry_run, "yes": yes, "resolve": resolve, "go_on": go_on}
        request = command.Request(name, directory, every, Goal(to, template), **flags)
        settings = Settings(Host.LOCAL, PlatformName.LOCAL, home)
        out, err, console = io.StringIO(), io.StringIO(), Console(as_json=True)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                command.run(request, settings, console, self._connect)
            except Error as error:
                console.error(error)
                return Ended(error.code, out.getvalue(), err.getvalue())
        return Ended(0, out.getvalue(), err.getvalue())

    def _connect(self, settings: Settings, say: Say) -> Context:
        del say
        if self.context:
            return self.context()
        context = connect(settings, lambda _: None)
        return replace(context, templates=Remembering(self.renders), helpers=worker_pool.Here())
