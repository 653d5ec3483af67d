"""The table `[bitbucket]` of the settings file: what an organisation writes once about its repositories. Pure."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from mlops_new.settings.fields import ALLOWED, SecretName, Table, VariableName, concealed, needed, text

EnvironmentType = Literal["Test", "Staging", "Production"]
ForkPolicy = Literal["no_forks", "no_public_forks", "allow_forks"]


class SecretSource(Table):
    """The value of an environment variable."""

    secret: SecretName = Field(description="The name of an environment variable, whose value is the secret.")


def _text_or_secret(value: object, judge: ValidatorFunctionWrapHandler) -> Any:
    """One fault instead of one for each thing that it could have been; what stands there may be a secret."""
    try:
        return judge(value)
    except ValidationError:
        hint = 'write "value", or { secret = "NAME" } for the value of the environment variable NAME'
        raise PydanticCustomError("variable", "is neither a text nor a secret", {"hint": hint}) from None


Value = Annotated[str | SecretSource, WrapValidator(_text_or_secret), Field(json_schema_extra={"writeOnly": True})]
Variables = Annotated[dict[VariableName, Value], Field(json_schema_extra={"additionalProperties": False})]
"""Repository or deployment variables, by name."""


class EnvironmentTable(Table):
    """A deployment environment: CI deploys to it, and sees its variables while it does."""

    type: EnvironmentType = Field(description="What kind of environment it is.")
    variables: Variables = Field(default_factory=dict, description="Variables that only its deployments see.")


def _with_types(value: object) -> object:
    """An environment that is called like a type is of it."""
    if not isinstance(value, Mapping):
        return value
    return {
        name: {"type": name, **one} if name in get_args(EnvironmentType) and isinstance(one, Mapping) else one
        for name, one in value.items()
    }


def _types_are_optional(schema: dict[str, Any]) -> None:
    """The same for a schema."""
    table = schema.pop("additionalProperties")
    schema["properties"] = dict.fromkeys(get_args(EnvironmentType), table)
    schema["additionalProperties"] = {"allOf": [table], "required": ["type"]}


def _type_is_optional(schema: dict[str, Any]) -> None:
    schema.pop("required")


EnvironmentTable.model_config["json_schema_extra"] = _type_is_optional

Environments = Annotated[
    dict[str, EnvironmentTable], BeforeValidator(_with_types), Field(json_schema_extra=_types_are_optional)
]


UserId = Annotated[str, Field(pattern=r"^\{[0-9a-f-]+\}$", examples=["{12345678-9abc-4def-8123-456789abcdef}"])]
Event = Annotated[str, Field(pattern="^[a-z]+:[a-z_]+$", examples=["repo:push"])]


class MainTable(Table):
    """The rules of the branch `main`. What is left out is as it would be without the table."""

    pull_request: bool | None = Field(None, description="It changes by pull request only.")
    may_push: list[UserId] | None = Field(None, description="Users who may push all the same, by UUID.")
    approvals: int | None = Field(None, ge=0, description="How many a pull request needs; 0 for none.")
    green_builds: int | None = Field(None, ge=0, description="How many builds must be green; 0 for none.")
    force_push: bool | None = Field(None, description="History may be rewritten.")
    deletion: bool | None = Field(None, description="The branch may be deleted.")


class WebhookTable(Table):
    """Who is told about events."""

    url: str = Field(
        pattern=r"^https://[^\s/@]+(/\S*)?$",
        description="Whom to tell.",
        examples=["https://hooks.example.com/mlops"],
        json_schema_extra=concealed("an https URL without credentials"),
    )
    events: list[Event] = Field(
        min_length=1, description="About what.", json_schema_extra={ALLOWED: "a list of texts, at least one"}
    )
    secret: SecretName | None = Field(
        None, description="The name of an environment variable, whose value signs what is sent."
    )


class ScheduleTable(Table):
    """When a custom pipeline of bitbucket-pipelines.yml runs."""

    pipeline: str = needed("The custom pipeline.", example="inference")
    cron: str = needed("Seven fields: seconds first, year last, in UTC.", r"\S+( \S+){6}", "0 0 3 * * ? *")
    branch: str = text("The branch whose pipeline runs.", default="main")


class RepositoriesTable(Table):
    """What repositories get."""

    variables: Variables = Field(default_factory=dict, description="Repository variables.")
    environments: Environments | None = Field(None, description="Deployment environments.")
    reviewers: list[Annotated[str, Field(pattern=r"^[^\s/]+$")]] = Field(
        default_factory=list, description="Default reviewers of pull requests: UUIDs with braces, or account ids."
    )
    webhooks: list[WebhookTable] = Field(default_factory=list)
    schedules: list[ScheduleTable] = Field(default_factory=list)
    main: MainTable | None = None


class BitbucketTable(RepositoriesTable):
    """`[bitbucket]`: the workspace, and what its repositories get."""

    workspace: str | None = text(
        "The workspace, as in https://bitbucket.org/acme. BITBUCKET_WORKSPACE goes before it.",
        "[A-Za-z0-9_-]+",
        "acme",
    )
    project: str | None = text(
        "The key of a Bitbucket project that exists, for all repositories. Without it each project gets its own.",
        "[A-Z][A-Z0-9_]*",
        "DATA",
    )
    fork_policy: ForkPolicy = Field("no_forks", description="Who may fork.")
    build: RepositoriesTable | None = Field(None, description="What only build repositories get beyond that.")
    deploy: RepositoriesTable | None = Field(None, description="What only deploy repositories get beyond that.")
