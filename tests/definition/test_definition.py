"""Reading, naming, hashing and comparing definitions; what waits for what."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from mlops_new.definition import (
    MISSING,
    Definition,
    canonical,
    check,
    dependencies,
    differences,
    normalise,
    parse,
    pipeline_name_fault,
    validate,
)
from mlops_new.errors import Invalid

DEFINITIONS = Path(__file__).parent / "definitions"
GOOD = sorted(DEFINITIONS.glob("*.json"))
EMPTY = '{"Version": "2020-12-01", "Steps": []}'


def build() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DEFINITIONS / "build.json").read_text(encoding="utf-8"))
    return document


def step(document: dict[str, Any], name: str) -> dict[str, Any]:
    found = Definition(document).step(name)
    assert found is not None
    assert isinstance(found.body, dict)
    return found.body


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_good_definition_has_no_fault(path: Path) -> None:
    definition = parse(path.read_bytes(), source=path.name)

    assert validate(definition) == []
    check(definition, source=path.name)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_nulls_and_order_are_no_fault_and_no_difference(path: Path) -> None:
    document = json.loads(path.read_bytes())
    other = _with_nulls(document)
    other["Parameters"].reverse()

    assert validate(Definition(other)) == []
    assert normalise(other) == normalise(document)
    assert differences(document, other) == []


def _with_nulls(document: dict[str, Any]) -> dict[str, Any]:
    """What the SDK does with what was not given."""
    other = copy.deepcopy(document)
    other.update({"MlflowConfig": None, "Metadata": {}})
    for found in Definition(other).steps:
        assert isinstance(found.body, dict)
        found.body.update({name: found.body.get(name) for name in ("DisplayName", "Description")})
        found.body["DependsOn"] = list(reversed(found.body.get("DependsOn", [])))
    return other


class TestParse:
    def test_parameters_and_steps(self) -> None:
        definition = Definition(build())

        assert definition.parameters["Bucket"].default is MISSING
        assert definition.parameters["MaxWape"].default == 0.4
        assert definition.parameters["TrainingInstanceType"].enum == ("ml.m5.xlarge", "ml.m5.2xlarge")
        assert [found.name for found in definition.steps] == [
            "Preprocess", "Train", "CreateModel", "Transform", "Evaluate", "CheckMetrics", "Register", "NotGoodEnough",
        ]  # fmt: skip
        register = definition.step("Register")
        assert register is not None
        assert register.parent == definition.step("CheckMetrics")
        assert register.branch == "IfSteps"

    def test_the_digest_is_of_the_content(self) -> None:
        document = build()
        reordered = dict(reversed(build().items()))
        changed = build()
        step(changed, "Train")["Arguments"]["HyperParameters"]["learning_rate"] = "0.2"

        assert Definition(document).digest == Definition(reordered).digest
        assert Definition(document).digest != Definition(changed).digest

    def test_canonical_text_reads_back(self) -> None:
        text = canonical(build())

        assert parse(text).document == build()
        assert canonical(parse(text.encode()).document) == text
        assert text.endswith("}\n")

    def test_a_byte_order_mark_is_no_fault(self) -> None:
        assert parse(b"\xef\xbb\xbf" + EMPTY.encode()) == parse("\ufeff" + EMPTY) == parse(EMPTY)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ('{\n  "Steps": [,]\n}', "pipeline.json is not JSON: Expecting value (line 2, column 13)"),
            ("", "not JSON"),
            (b"\xff{}", "pipeline.json is not UTF-8: byte 0"),
            ("[]", "the document is a list; an object is expected"),
            ('{"Version": "2020-12-01"}', "Steps: missing; a list is expected"),
            ('{"Version": "2021-01-01", "Steps": []}', 'Version: "2021-01-01"; "2020-12-01" is the one'),
            ('{"Steps": []}', 'Version: missing; "2020-12-01" is the one'),
            ('{"Version": "2020-12-01", "Steps": {}}', "Steps: an object; a list is expected"),
            ('{"Version": "2020-12-01", "Steps": [], "Parameters": "x"}', "Parameters: text; a list is expected"),
            ('{"Version": "2020-12-01", "Steps": [NaN]}', "NaN"),
            ('{"Version": "2020-12-01", "Steps": [1e999]}', "1e999"),
            ("[" * 200 + "]" * 200, "nested deeper than 100 levels"),
            ("[" * 200_000 + "]" * 200_000, "nested deeper than 100 levels"),
            (
                '{"Steps": [\n {"A": 1, "B": {"A": 2},\n "\\u0041": 3}]}',
                'the key "A" appears twice in one object (line 3',
            ),
        ],
    )
    def test_what_is_no_document(self, text: str | bytes, words: str) -> None:
        with pytest.raises(Invalid) as caught:
            parse(text)

        assert words in caught.value.message
        assert "\n" not in caught.value.message
        assert caught.value.hint

    def test_every_fault_of_the_top_is_named(self) -> None:
        with pytest.raises(Invalid) as caught:
            parse('{"Version": 1, "Steps": 1, "Parameters": 1}', source="build.json")

        assert caught.value.message.startswith("build.json has 3 faults: Version: 1;")
        assert "\n- Parameters: an integer" in caught.value.hint
        assert "\n- Steps: an integer" in caught.value.hint


class TestValidate:
    def test_no_fault_hides_another(self) -> None:
        document = build()
        step(document, "Preprocess")["Arguments"]["RoleArn"] = 1
        step(document, "Train")["DependsOn"] = ["Nothing"]
        step(document, "Register")["Arguments"]["ModelApprovalStatus"] = "Maybe"
        document["Parameters"][8]["DefaultValue"] = "low"

        places = [fault.partition(": ")[0] for fault in validate(Definition(document))]

        assert places == [
            "parameter MaxWape, DefaultValue",
            "step Preprocess, Arguments.RoleArn",
            "step Train, DependsOn[0]",
            "step Register, Arguments.ModelApprovalStatus",
        ]

    def test_check_raises_one_error_for_all(self) -> None:
        document = build()
        step(document, "Preprocess")["Arguments"]["RoleArn"] = 1
        step(document, "Train")["DependsOn"] = ["Nothing"]

        with pytest.raises(Invalid) as caught:
            check(Definition(document), source="build/pipeline.json")

        assert caught.value.message.startswith("build/pipeline.json has 2 faults: step Preprocess, Arguments.RoleArn: ")
        assert '\n- step Train, DependsOn[0]: there is no step "Nothing"' in caught.value.hint

    def test_an_allowed_value_must_fit_like_the_default(self) -> None:
        document = build()
        document["Parameters"][6]["EnumValues"] = ["ml.m5.xlarge", "ml.huge"]

        (fault,) = validate(Definition(document))

        assert fault.startswith("step Train, Arguments.ResourceConfig.InstanceType: an allowed value of Parameters.Tr")

    def test_names_that_break_lines_stay_on_one(self) -> None:
        document = build()
        document["Parameters"][0]["Name"] = "a\nb"
        step(document, "Train")["Name"] = "c\u2028d"
        step(document, "CheckMetrics")["Name"] = "e\rf"
        step(document, "CreateModel")["DependsOn"] = ["c\u2028d", "Register", "\ud800"]
        step(document, "Preprocess")["DependsOn"] = ["c\u2028d"]

        faults = validate(Definition(document))

        assert faults
        assert all(fault.isprintable() for fault in faults)

    def test_conditions_as_deep_as_they_are_read(self) -> None:
        document = build()
        condition: dict[str, Any] = {"Type": "Nothing"}
        for _ in range(80):
            condition = {"Type": "Not", "Condition": condition}
        step(document, "CheckMetrics")["Arguments"]["Conditions"] = [condition]

        (fault,) = validate(Definition(document))

        assert '"Nothing" is no type of condition' in fault

    def test_a_document_that_is_too_long(self) -> None:
        document = build()
        document["Metadata"] = {"padding": "x" * 1_048_576}

        (fault,) = validate(Definition(document))

        assert fault.startswith("definition: 1,0")
        assert "1,048,576" in fault

    def test_a_document_that_is_too_deep(self) -> None:
        document = build()
        document["Metadata"] = json.loads('{"a":' * 150 + "1" + "}" * 150)

        assert validate(Definition(document)) == ["definition: nested deeper than 100 levels, which no pipeline needs"]


class TestDependencies:
    def test_of_data_files_order_and_nesting(self) -> None:
        assert dependencies(Definition(build())) == {
            "Preprocess": set(),
            "Train": {"Preprocess"},
            "CreateModel": {"Train"},
            "Transform": {"CreateModel", "Preprocess"},
            "Evaluate": {"Transform", "Preprocess"},
            "CheckMetrics": {"Evaluate"},
            "Register": {"CheckMetrics", "Evaluate", "Train"},
            "NotGoodEnough": {"CheckMetrics"},
        }

    def test_of_triggers_and_cleaning(self) -> None:
        found = dependencies(parse((DEFINITIONS / "every_type.json").read_bytes()))

        assert found["Again"] == {"LookUp", "Prepare"}
        assert found["Clean"] == {"Prepare"}
        assert found["Score"] == {"EachStore"}
        assert found["Deeper"] == {"DecideAgain"}

    def test_separate_circles_are_all_reported(self) -> None:
        document = build()
        step(document, "Preprocess")["DependsOn"] = ["Preprocess"]
        step(document, "Train")["DependsOn"] = ["Evaluate"]

        circles = [fault for fault in validate(Definition(document)) if "waits for itself" in fault]

        assert circles == [
            "step Preprocess: waits for itself: Preprocess → Preprocess",
            "step Train: waits for itself: Train → Evaluate → Transform → CreateModel → Train",
        ]


class TestDifferences:
    def test_a_changed_argument_by_its_name_where_that_is_plain(self) -> None:
        new = build()
        step(new, "Transform")["Arguments"]["TransformResources"]["InstanceType"] = "ml.m5.2xlarge"

        assert differences(build(), new) == ["step Transform: InstanceType ml.m5.xlarge → ml.m5.2xlarge"]

    def test_a_changed_argument_by_its_place_where_the_name_is_not_enough(self) -> None:
        new = build()
        inputs = step(new, "Evaluate")["Arguments"]["ProcessingInputs"]
        inputs[1]["S3Input"]["S3Uri"] = {"Std:Join": {"On": "/", "Values": ["s3:/", {"Get": "Parameters.Bucket"}, "a"]}}

        (sentence,) = differences(build(), new)

        place, _, change = sentence.partition(" Steps.")
        assert place == "step Evaluate: ProcessingInputs[ground_truth].S3Input.S3Uri"
        assert change.endswith("Outputs['ground_truth'].S3Output.S3Uri → s3://{Parameters.Bucket}/a")

    def test_steps_and_parameters_that_come_and_go(self) -> None:
        new = build()
        del new["Steps"][3]
        del new["Parameters"][0]
        new["Steps"].append({"Name": "Late", "Type": "Fail", "Arguments": {"ErrorMessage": "x"}})
        new["Parameters"].append({"Name": "New", "Type": "String"})
        new["Parameters"][7]["DefaultValue"] = 0.3
        step(new, "Train")["Arguments"]["HyperParameters"]["depth"] = "6"
        del step(new, "Preprocess")["CacheConfig"]

        assert differences(build(), new) == [
            "parameter ExecutionRoleArn removed",
            "parameter New added",
            "parameter MaxWape: default 0.4 → 0.3",
            "step Transform removed",
            "step Late added",
            'step Preprocess: CacheConfig removed, was {"Enabled": true, "ExpireAfter": "P30D"}',
            "step Train: depth added: 6",
        ]

    def test_a_step_that_moves_and_an_order_that_changes(self) -> None:
        new = build()
        arguments = step(new, "CheckMetrics")["Arguments"]
        arguments["ElseSteps"].append(arguments["IfSteps"].pop())
        new["Steps"][0], new["Steps"][1] = new["Steps"][1], new["Steps"][0]

        assert differences(build(), new) == [
            "step Register: moved from IfSteps of CheckMetrics to ElseSteps of CheckMetrics",
            "the steps are in another order",
        ]

    def test_a_difference_far_into_long_text_is_shown(self) -> None:
        old, new = build(), build()
        step(old, "Train")["Arguments"]["HyperParameters"]["notes"] = "a" * 300 + "b"
        step(new, "Train")["Arguments"]["HyperParameters"]["notes"] = "a" * 300 + "c"

        (sentence,) = differences(old, new)

        assert sentence == f"step Train: notes …{'a' * 20}b → …{'a' * 20}c"

    def test_an_argument_called_like_a_member_of_the_step(self) -> None:
        old: dict[str, Any] = {"Steps": [{"Name": "A", "Type": "Lambda", "Arguments": {"Type": "x", "Get": "y"}}]}
        new = copy.deepcopy(old)
        new["Steps"][0]["Type"] = "Callback"
        new["Steps"][0]["Arguments"]["Get"] = "z"

        assert differences(old, new) == ["step A: Type Lambda → Callback", "step A: Get y → z"]

    def test_what_no_sentence_tells_is_told(self) -> None:
        new = build()
        step(new, "Evaluate")["Arguments"]["ProcessingInputs"].reverse()

        assert differences(build(), new) == ["the order of items changed, or something that has no name of its own"]

    def test_true_is_not_one(self) -> None:
        new = build()
        step(new, "CheckMetrics")["Arguments"]["Conditions"][0]["RightValue"] = 1

        assert differences(build(), new) == ["step CheckMetrics: RightValue true → 1"]


@pytest.mark.parametrize("name", ["fresh-sales-build", "a", "A--1", "a" * 256])
def test_a_name_that_the_service_takes(name: str) -> None:
    assert pipeline_name_fault(name) is None


@pytest.mark.parametrize("name", ["", "-a", "a-", "a_b", "å", "a b", "a\n", "a" * 257])
def test_a_name_that_the_service_refuses(name: str) -> None:
    fault = pipeline_name_fault(name)

    assert fault
    assert "\n" not in fault
