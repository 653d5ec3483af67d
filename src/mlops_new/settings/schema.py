"""The whole settings file, as one model and as a JSON schema for editors. Pure."""

from typing import Any, Literal

from pydantic import Field
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from mlops_new.settings.bitbucket_schema import BitbucketTable
from mlops_new.settings.fields import ALLOWED, Table
from mlops_new.settings.sagemaker_schema import SageMakerTable


class SettingsFile(Table):
    """The settings of mlops-new."""

    git: Literal["local", "bitbucket"] = Field("local", description="Where repositories are hosted.")
    platform: Literal["local", "sagemaker"] = Field("local", description="Where pipelines run.")
    home: str | None = Field(
        None,
        description="Everything local lives here, unless MLOPS_NEW_HOME names another folder.",
        json_schema_extra={ALLOWED: "a folder's path"},
    )
    bitbucket: BitbucketTable | None = None
    sagemaker: SageMakerTable | None = None


class _ForToml(GenerateJsonSchema):
    """TOML has no null, and a key is title enough."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        found = super().default_schema(schema)
        return {name: value for name, value in found.items() if name != "default" or value is not None}

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # its name is pydantic's
        return False


def json_schema(model: type[Table] = SettingsFile) -> dict[str, Any]:
    """What an editor checks and completes the settings by (JSON Schema 2020-12)."""
    return {"$schema": GenerateJsonSchema.schema_dialect, **model.model_json_schema(schema_generator=_ForToml)}
