"""The command line: its commands, in the order of `--help`."""

from typing import Annotated

import typer

from mlops_new.cli import model_commands, project_commands, run_commands, setup_commands, template_commands

app = typer.Typer(
    name="mlops-new",
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


for command in (
    project_commands.project,
    project_commands.status,
    project_commands.update,
    project_commands.adopt,
    project_commands.destroy,
    setup_commands.doctor,
    setup_commands.bootstrap,
    run_commands.run,
    run_commands.stop,
    run_commands.drill,
    run_commands.data,
    run_commands.lineage,
    run_commands.image,
    setup_commands.serve,
):
    app.command()(command)

template = typer.Typer(no_args_is_help=True, help="For maintainers of templates: check, publish, switch.")
template.command("check")(template_commands.check_template)
template.command("publish")(template_commands.publish_template)
template.command()(template_commands.switch)
app.add_typer(template, name="template")

models = typer.Typer(no_args_is_help=True, help="List, show, approve and reject the model versions of a project.")
models.command("list")(model_commands.list_models)
models.command()(model_commands.show)
models.command()(model_commands.approve)
models.command()(model_commands.reject)
app.add_typer(models, name="models")
