"""The two small languages in a definition: references, and the service's patterns."""

import pytest

from mlops_new.definition.patterns import matches
from mlops_new.definition.references import (
    ExecutionReference,
    ExperimentReference,
    Item,
    LoopReference,
    Member,
    ParameterReference,
    PropertyFileReference,
    PropertyReference,
    Reference,
    reference,
    variables,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Parameters.A-b_1", ParameterReference("A-b_1")),
        ("Execution.PipelineName", ExecutionReference("PipelineName")),
        ("PipelineExperimentConfig.TrialName", ExperimentReference("TrialName")),
        ("Steps.A.PropertyFiles.My file", PropertyFileReference("A", "My file")),
        ("Steps.A.B.C", PropertyReference("A", (Member("B"), Member("C")))),
        ("Steps.A.B['c d'][0].E", PropertyReference("A", (Member("B"), Item("c d"), Item(0), Member("E")))),
        ('Steps.A.B["c"]', PropertyReference("A", (Member("B"), Item("c")))),
        ("ForEach.CurrentItem.name", LoopReference("")),
        ("IterationOutput.A.OutputParameters['x']", LoopReference("A")),
    ],
)
def test_a_reference(name: str, expected: Reference) -> None:
    assert reference(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        *("", "Parameters", "Parameters.", "Parameters.A.B", "Parameters.a b", "Execution.X.Y", "ForEach.Item"),
        *("Steps.A", "Steps.A.", "Steps..B", "steps.A.B", "Steps.A.B[", "Steps.A.B[c]", "Steps.A.B['c\"]"),
        "Steps.A.B['c\n']",
    ],
)
def test_what_is_no_reference(name: str) -> None:
    assert reference(name) is None


def test_variables_inside_variables_are_found() -> None:
    value = {"a": [{"Std:Join": {"Values": ["x", {"Get": "Parameters.A"}]}}], "Get": 1, "b": {"Get": "Parameters.B"}}

    assert {path for path, _ in variables(value, ("top",))} == {
        ("top", "a", 0),
        ("top", "a", 0, "Std:Join", "Values", 1),
        ("top", "b"),
    }


@pytest.mark.parametrize(
    ("value", "pattern", "expected"),
    [
        ("abc", "[a-z]+", True),
        ("abc\n", "[a-z]+", False),
        ("xabc", "[a-z]{3}", False),
        ("Räksmörgås 1", r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", True),
        ("räksmörgås?", r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", False),
        ("commit", r"([\p{L}\p{Z}\p{N}_.:\/=+\-@]*)${1,256}", True),
        ("a😀", r"[\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}]*", True),
        ("a\x00", r"[\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}]*", False),
        ("arn:aws:lambda:eu-1:123:function:f", r"arn:[\p{Alnum}\-]+:lambda:[\p{Alnum}\-]+:[0-9]+:function:.*", True),
        ("anything", r"[\uD800\uDC00-\uDBFF\uDFFF", True),
    ],
)
def test_a_pattern_of_the_service(value: str, pattern: str, expected: bool) -> None:  # noqa: FBT001
    assert matches(value, pattern) is expected
