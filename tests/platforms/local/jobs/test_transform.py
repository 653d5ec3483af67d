"""Batch Transform's rules, against a real `serve`."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from mlops_new.platforms.local.database.records import Execution
from tests.platforms.local.conftest import Local, step
from tests.platforms.local.definitions import definition, model, transform

CSV = "s3://mlops-new/transform/data.csv"


def run(
    local: Local,
    text: str,
    *,
    mode: str = "length",
    request: dict[str, Any] | None = None,
    uri: str = CSV,
    **given: Any,
) -> Execution:
    local.put(uri, text)
    environment = {name: given.pop(name) for name in ("NOTES", "EXECUTION_PARAMETERS") if name in given}
    created = model("Create", MODE=mode, **environment)
    return local.run(definition(created, transform("T", "Create", uri, request=request, **given)))


def output(local: Local, execution: Execution, name: str = "data.csv.out") -> str:
    assert execution.status == "Succeeded", execution.reason
    return local.read(execution, f"T/{name}")


def notes(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


JOIN = {"DataProcessing": {"JoinSource": "Input"}}


def test_join_of_csv_with_quotes_commas_and_line_breaks(local: Local) -> None:
    text = '1,"a,b"\r\n2,"two\nlines"\r\n"3 ""q""",c\r\n'
    assert output(local, run(local, text, request=JOIN)) == '1,"a,b",8\n2,"two\nlines",14\n"3 ""q""",c,11\n'


def test_order_is_kept_over_many_requests_at_once(local: Local, tmp_path: Path) -> None:
    text = "".join(f"{n}\n" for n in range(60))
    request = {"BatchStrategy": "SingleRecord", "MaxConcurrentTransforms": 8, **JOIN}
    execution = run(local, text, request=request, NOTES=str(tmp_path / "notes"))
    assert output(local, execution) == "".join(f"{n},{len(str(n))}\n" for n in range(60))
    assert sorted(int(note["body"]) for note in notes(tmp_path / "notes")) == list(range(60))


def test_batches_are_as_large_as_the_payload_allows(local: Local, tmp_path: Path) -> None:
    line = "x" * 1023
    request = {"MaxPayloadInMB": 1, "MaxConcurrentTransforms": 1}
    execution = run(local, f"{line}\n" * 2500, request=request, NOTES=str(tmp_path / "notes"))
    assert output(local, execution) == "1023\n" * 2500
    assert [len(note["body"].split("\n")) for note in notes(tmp_path / "notes")] == [1024, 1024, 452]


def test_headers_and_what_the_server_asks_for(local: Local, tmp_path: Path) -> None:
    asked = json.dumps({"BatchStrategy": "SINGLE_RECORD", "MaxConcurrentTransforms": 1, "MaxPayloadInMB": 1})
    execution = run(local, "a\nb\n", NOTES=str(tmp_path / "notes"), EXECUTION_PARAMETERS=asked, Accept="text/csv; x=1")
    assert output(local, execution) == "1\n1\n"
    sent = notes(tmp_path / "notes")
    assert [note["body"] for note in sent] == ["a", "b"]
    assert {(note["Content-Type"], note["Accept"]) for note in sent} == {("text/csv", "text/csv; x=1")}


@pytest.mark.parametrize(
    ("processing", "expected"),
    [
        ({"InputFilter": "$[1:]"}, "4\n5\n"),
        ({"InputFilter": "$[0,2]", "JoinSource": "Input"}, "a,bb,c,3\nd,eee,f,3\n"),
        ({"InputFilter": "$[1]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"}, "a,2\nd,3\n"),
        ({"OutputFilter": "$[0]"}, "6\n7\n"),
        ({"InputFilter": "$", "JoinSource": "None"}, "6\n7\n"),
    ],
)
def test_filters_of_csv(local: Local, processing: dict[str, Any], expected: str) -> None:
    execution = run(local, "a,bb,c\nd,eee,f\n", request={"DataProcessing": processing})
    assert output(local, execution) == expected


@pytest.mark.parametrize(
    ("processing", "expected"),
    [
        (
            {"JoinSource": "Input"},
            ['{"id":1,"x":[1,2],"SageMakerOutput":{"n": 2}}', '{"id":2,"x":[],"SageMakerOutput":{"n": 2}}'],
        ),
        ({"InputFilter": "$.x"}, ['{"n": 2}', '{"n": 0}']),
        (
            {"InputFilter": "$['x']", "JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"},
            ['{"id":1,"SageMakerOutput":{"n":2}}', '{"id":2,"SageMakerOutput":{"n":0}}'],
        ),
        ({"JoinSource": "Input", "OutputFilter": "$.SageMakerOutput.n"}, ["2", "2"]),
    ],
)
def test_filters_and_join_of_json_lines(local: Local, processing: dict[str, Any], expected: list[str]) -> None:
    execution = run(
        local,
        '{"id":1,"x":[1,2]}\n{"id":2,"x":[]}\n',
        mode="json",
        request={"DataProcessing": processing},
        uri="s3://mlops-new/transform/data.jsonl",
        ContentType="application/jsonlines",
        Accept="application/jsonlines",
    )
    assert output(local, execution, "data.jsonl.out").splitlines() == expected


def test_join_of_values_that_are_no_objects(local: Local) -> None:
    execution = run(
        local, "[1,2]\n[]\n", mode="json", request=JOIN, ContentType="application/json", Accept="application/json"
    )
    assert output(local, execution).splitlines() == [
        '{"SageMakerInput":[1,2],"SageMakerOutput":{"n": 2}}',
        '{"SageMakerInput":[],"SageMakerOutput":{"n": 0}}',
    ]


def test_unsplit_input_is_one_request_and_is_stored_as_it_comes(local: Local, tmp_path: Path) -> None:
    text = "a\nb\n"
    execution = run(local, text, mode="echo", NOTES=str(tmp_path / "notes"), SplitType="None", AssembleWith="None")
    assert output(local, execution) == text
    assert len(notes(tmp_path / "notes")) == 1


def test_no_limit_is_sent_in_chunks(local: Local, tmp_path: Path) -> None:
    execution = run(local, "a\nb\n", mode="echo", request={"MaxPayloadInMB": 0}, NOTES=str(tmp_path / "notes"))
    assert output(local, execution) == "a\nb\n"
    assert [note["Transfer-Encoding"] for note in notes(tmp_path / "notes")] == ["chunked"]


def test_every_object_below_a_prefix_compressed(local: Local) -> None:
    for name, text in (("a.csv.gz", "1,2\n"), ("sub/b.csv.gz", ""), ("sub/c.csv.gz", "3,4\n5,6\n")):
        path = local.platform.stores.objects.path(f"s3://mlops-new/transform/many/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text.encode()))
    steps = model("Create"), transform("T", "Create", "s3://mlops-new/transform/many", CompressionType="Gzip")
    execution = local.run(definition(*steps))
    assert output(local, execution, "a.csv.gz.out") == "3\n"
    assert output(local, execution, "sub/b.csv.gz.out") == ""
    assert output(local, execution, "sub/c.csv.gz.out") == "3\n3\n"


def test_an_empty_input_gives_an_empty_output(local: Local, tmp_path: Path) -> None:
    assert output(local, run(local, "", request=JOIN, NOTES=str(tmp_path / "notes"))) == ""
    assert not (tmp_path / "notes").exists()


@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
def test_a_record_larger_than_the_payload(local: Local, strategy: str) -> None:
    text = "a\n" + "x" * ((1 << 20) + 1) + "\nb\n"
    execution = run(local, text, request={"MaxPayloadInMB": 1, "BatchStrategy": strategy})
    assert execution.reason == "step T failed: data.csv: a record is larger than MaxPayloadInMB = 1"
    refused(local, execution)


def test_the_servers_refusal_is_the_reason_and_nothing_is_stored(local: Local) -> None:
    execution = run(local, "a\n", mode="refuse")
    assert "data.csv: the server answered 400 Bad Request: column 2 is not a number" in execution.reason
    refused(local, execution)


def test_a_wrong_number_of_answers_cannot_be_joined(local: Local) -> None:
    execution = run(local, "a\nb\nc\n", mode="one", request=JOIN)
    assert "the server answered 1 rows to 3 records" in execution.reason
    refused(local, execution)


def test_one_bad_object_does_not_take_the_others_with_it(local: Local) -> None:
    local.put("s3://mlops-new/transform/mixed/a.jsonl", "{}\n")
    local.put("s3://mlops-new/transform/mixed/b.jsonl", "oops\n")
    local.put("s3://mlops-new/transform/mixed/c.jsonl", "{}\n")
    filtered = {"DataProcessing": {"InputFilter": "$['a','b']"}}
    steps = (
        model("Create", MODE="echo"),
        transform(
            "T", "Create", "s3://mlops-new/transform/mixed", ContentType="application/jsonlines", request=filtered
        ),
    )
    execution = local.run(definition(*steps))
    assert "a.jsonl: the filter $['a','b'] finds nothing in {} (and 2 more objects)" in execution.reason


def test_failed_requests_are_repeated_where_the_job_says_so(local: Local, tmp_path: Path) -> None:
    execution = run(local, "a\n", mode="flaky", NOTES=str(tmp_path / "one"))
    assert "503" in execution.reason
    again = {"ModelClientConfig": {"InvocationsMaxRetries": 1}}
    assert output(local, run(local, "a\n", mode="flaky", request=again, NOTES=str(tmp_path / "two"))) == "1\n"


def test_a_server_that_does_not_start_or_dies(local: Local) -> None:
    execution = run(local, "a\n", mode="never")
    assert execution.reason == "step T failed: serve ended: the model cannot be read (exit code 2)"
    execution = run(local, "a\n", mode="die")
    assert "serve ended: out of tea (exit code 3)" in execution.reason
    log = step(execution, "T").log
    assert log is not None
    assert log.is_file()


def refused(local: Local, execution: Execution) -> None:
    assert execution.status == "Failed"
    assert not local.platform.stores.objects.path(f"s3://mlops-new/tests/{execution.id}/T").exists()
