"""The command line: its commands, in the order of `--help`."""

from collections.abc import Callable, Mapping
from typing import Annotated

import typer
from typer.core import TyperGroup

from mlops_new.cli import model_commands, project_commands, run_commands, setup_commands, template_commands

PANELS = ("Projects", "Runs", "Models", "Day two", "For maintainers")


class _ByPanel(TyperGroup):
    """Commands in the order of their panels: Typer alone puts groups of commands behind all others."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        panels = {name: getattr(command, "rich_help_panel", None) for name, command in self.commands.items()}
        return sorted(super().list_commands(ctx), key=lambda name: PANELS.index(panels[name]))


app = typer.Typer(
    name="mlops-new",
    cls=_ByPanel,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Start and keep machine-learning projects on SageMaker: two repositories, hosted, registered and running.",
)


def _version(value: bool) -> None:  # noqa: FBT001  # Typer calls it like this
    if value:
        from mlops_new import __version__

        typer.echo(f"mlops-new {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    del version


Examples = Mapping[Callable[..., None], str]

PROJECTS: Examples = {
    project_commands.project: "mlops-new project churn --like customers.csv --data target=churned",
    project_commands.status: "mlops-new status churn",
    project_commands.destroy: "mlops-new destroy churn --dry-run",
}
RUNS: Examples = {
    run_commands.data: "mlops-new data --input next_week.csv",
    run_commands.run: "mlops-new run --input next_week.csv",
    run_commands.stop: "mlops-new stop 4jz8k2m0q1xy",
    run_commands.drill: "mlops-new drill changed_unit",
    run_commands.lineage: "mlops-new lineage predictions.csv",
    run_commands.image: "mlops-new image -C churn-build",
    setup_commands.serve: "mlops-new serve --port 4580 --env serve.env",
}
MODELS: Examples = {
    model_commands.list_models: "mlops-new models list",
    model_commands.show: "mlops-new models show 3",
    model_commands.approve: 'mlops-new models approve 3 --note "beats both naive forecasts"',
    model_commands.reject: 'mlops-new models reject 3 --note "worse for small stores"',
}
DAY_TWO: Examples = {
    project_commands.update: "mlops-new update churn --dry-run",
    project_commands.adopt: "mlops-new adopt churn-build churn-deploy --dry-run",
    setup_commands.doctor: "mlops-new doctor churn",
}
MAINTAINERS: Examples = {
    setup_commands.bootstrap: "mlops-new bootstrap --dry-run",
}
TEMPLATES: Examples = {
    template_commands.check_template: "mlops-new template check . --released https://example.com/templates.git",
    template_commands.publish_template: "mlops-new template publish . --version v1.2.0 --dry-run",
    template_commands.switch: "mlops-new template switch https://example.com/templates.git@v1.2.0 churn",
}
NAMES = {
    model_commands.list_models: "list",
    template_commands.check_template: "check",
    template_commands.publish_template: "publish",
}


def _add(to: typer.Typer, examples: Examples, panel: str | None = None) -> None:
    for command, example in examples.items():
        name = NAMES.get(command, command.__name__)
        to.command(name, epilog=f"Example: {example}", rich_help_panel=panel)(command)


models = typer.Typer(no_args_is_help=True, help="List, show, approve and reject the model versions of a project.")
_add(models, MODELS)
template = typer.Typer(no_args_is_help=True, help="Check and publish templates; bring a project under others.")
_add(template, TEMPLATES)

_add(app, PROJECTS, "Projects")
_add(app, RUNS, "Runs")
app.add_typer(models, name="models", rich_help_panel="Models")
_add(app, DAY_TWO, "Day two")
_add(app, MAINTAINERS, "For maintainers")
app.add_typer(template, name="template", rich_help_panel="For maintainers")
