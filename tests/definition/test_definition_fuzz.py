"""Whatever stands in a document, validating and comparing it ends in sentences, never in a crash."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_new.definition import Definition, canonical, dependencies, differences, normalise, parse, validate
from mlops_new.errors import Invalid

DEFINITIONS = Path(__file__).parent / "definitions"
DOCUMENTS = [json.loads(path.read_bytes()) for path in sorted(DEFINITIONS.glob("*.json"))]

QUICK = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
"""The same examples each time: a suite that others run does not fail by luck."""

WORDS = st.sampled_from(
    [
        *("", "Get", "Name", "Type", "Arguments", "Condition", "Conditions", "Steps", "Std:Join", "Std:JsonGet", "Not"),
        *("Or", "Values", "IfSteps", "Train", "Preprocess", "Lambda", "Equals", "OutputName", "Parameters.Bucket"),
        *("Steps.Train.ModelArtifacts", "Steps.Preprocess.PropertyFiles.X", "Steps.Evaluate[0]", "ForEach.CurrentItem"),
        *("\ud800", "a\nb\u2028"),
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    WORDS,
    st.text(max_size=8),
)
KEYS = st.one_of(WORDS, st.text(max_size=5))
VARIABLES = st.one_of(
    st.fixed_dictionaries({"Get": SCALARS}),
    st.fixed_dictionaries({"Std:Join": st.one_of(SCALARS, st.fixed_dictionaries({"Values": st.lists(SCALARS)}))}),
    st.fixed_dictionaries({"Std:JsonGet": st.one_of(SCALARS, st.dictionaries(KEYS, SCALARS, max_size=3))}),
)
JUNK = st.recursive(
    st.one_of(SCALARS, VARIABLES),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in the value with each of its keys or indexes."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A good document with junk in one to three places: put in, taken out, renamed or copied from elsewhere."""
    document: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(1, 3))):
        all_places = list(places(document))
        if not all_places:
            break
        container, key = all_places[draw(st.integers(0, len(all_places) - 1))]
        match draw(st.sampled_from(["put", "remove", "rename", "copy"])):
            case "put":
                container[key] = draw(JUNK)
            case "remove":
                del container[key]
            case "rename" if isinstance(container, dict):
                container[draw(KEYS)] = container.pop(key)
            case _:
                other, place = all_places[draw(st.integers(0, len(all_places) - 1))]
                container[key] = copy.deepcopy(other[place]) if _is_there(other, place) else None
    return document


def _is_there(container: Any, key: Any) -> bool:
    return key in container if isinstance(container, dict) else key < len(container)


def assert_sentences(faults: list[str]) -> None:
    assert all(isinstance(fault, str) and len(fault.splitlines()) == 1 for fault in faults), faults
    "\n".join(faults).encode()


@QUICK
@given(mutated())
def test_a_document_with_junk_in_it(document: dict[str, Any]) -> None:
    faults = validate(Definition(document))

    assert_sentences(faults)
    assert faults == validate(Definition(copy.deepcopy(document)))
    dependencies(Definition(document))


@QUICK
@given(st.dictionaries(KEYS, JUNK, max_size=6), st.lists(JUNK, max_size=4), st.lists(JUNK, max_size=4))
def test_a_document_of_junk(top: dict[str, Any], steps: list[Any], parameters: list[Any]) -> None:
    document = {**top, "Steps": steps, "Parameters": parameters}

    faults = validate(Definition(document))

    assert faults
    assert_sentences(faults)


@QUICK
@given(mutated(), st.sampled_from(DOCUMENTS))
def test_comparing_with_junk(document: dict[str, Any], other: dict[str, Any]) -> None:
    assert normalise(normalise(document)) == normalise(document)
    assert differences(document, document) == []
    assert_sentences(differences(other, document))
    assert_sentences(differences(document, other))


@QUICK
@given(mutated())
def test_text_reads_back_or_is_refused(document: dict[str, Any]) -> None:
    text = canonical(document)
    try:
        definition = parse(text)
    except Invalid as refused:
        assert_sentences([refused.message])
    else:
        assert definition.document == document
        assert canonical(definition.document) == text


@QUICK
@given(st.one_of(st.text(max_size=40), st.binary(max_size=40)))
def test_any_text_is_read_or_refused(text: str | bytes) -> None:
    try:
        parse(text)
    except Invalid as refused:
        assert_sentences([refused.message])
