"""The pipeline document, schema 2020-12-01: parse, validate, compare. Pure: no account, no network, no clock."""

from mlops_new.definition.comparison import differences, normalise
from mlops_new.definition.document import MISSING, Definition, Parameter, Step, canonical
from mlops_new.definition.graph import dependencies
from mlops_new.definition.parsing import parse
from mlops_new.definition.validation import check, pipeline_name_fault, validate

__all__ = [
    "MISSING",
    "Definition",
    "Parameter",
    "Step",
    "canonical",
    "check",
    "dependencies",
    "differences",
    "normalise",
    "parse",
    "pipeline_name_fault",
    "validate",
]
